// Secrets of the kinds that people have, the same ones every time.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace confide::bench {

struct NamedSecret {
  std::string name;
  std::string value;
};

// Tokens, hexadecimal keys, passwords, UUIDs, connection strings, base64 keys in turn; 16 to 80 characters.
std::vector<NamedSecret> bench_secrets(size_t count);

}  // namespace confide::bench
