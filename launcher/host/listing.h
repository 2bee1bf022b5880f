// The entries of a folder by getdents64(2): opendir(3) takes several system calls and 32 KiB for one listing.
#pragma once

#include <cstdint>
#include <functional>

namespace confide::launcher {

enum class Listing : uint8_t { kGoOn, kStop };

// Calls `take` with the name and the type (DT_… of readdir(3), DT_UNKNOWN where the file system does not tell) of each
// entry of `folder`, a descriptor open for reading; `.` and `..` are left out. Each call lists from the beginning. What
// cannot be read ends the listing.
void each_entry(int folder, const std::function<Listing(const char* name, unsigned char type)>& take);

}  // namespace confide::launcher
