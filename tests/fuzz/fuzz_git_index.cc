// Git's index: never a crash; one answer for each name; what half of a file decides, the whole file says too.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "launcher/host/git_index.h"

using namespace confide::launcher;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string kNames[] = {".env", ".env.development", "README.md", "packages/web/.env.test", "src/main.c"};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const ObjectFormat format : {ObjectFormat::kSha1, ObjectFormat::kSha256}) {
    const IndexScan whole = scan_index(bytes, format, kNames);
    require(whole.tracked.size() == std::size(kNames));
    const IndexScan half = scan_index(bytes.substr(0, size / 2), format, kNames);
    require(half.tracked.size() == std::size(kNames));
    if (half.end == IndexScan::End::kDecided) require(whole.end == half.end && whole.tracked == half.tracked);
    if (half.end == IndexScan::End::kMalformed) require(whole.end == half.end);
  }
  (void)object_format(bytes);
  return 0;
}
