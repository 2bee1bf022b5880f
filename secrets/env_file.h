// Environment files in the dialect of `op run --env-file` (grammar and rules: docs/references.md). Values may be plain
// credentials, so the file's bytes and every value stay in locked memory, and no error repeats any of them: it says
// file, line and column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "secrets/environ.h"
#include "secrets/secret_buffer.h"

namespace confide::secrets {

enum class Quote : uint8_t { kNone, kSingle, kDouble };

struct EnvFileEntry {
  std::string file;
  unsigned line = 0;  // of the name, from 1
  std::string name;
  SecretBuffer value;  // quotes and escapes undone, variables replaced; a reference or template is still as written
  // Where the value stands in the file, quotes included: what a rewrite of the file replaces, leaving the rest as it
  // is.
  size_t value_begin = 0;
  size_t value_end = 0;
  Quote quote = Quote::kNone;
};

struct EnvFile {
  SecretBuffer text;                  // the bytes that the offsets count in
  std::vector<EnvFileEntry> entries;  // in the file's order, repeated names included
};

// Parses the bytes of a file that errors call `file`. Variables see the entries further up, then `variables`. An error
// is of kind kRefused.
Result<EnvFile> parse_env_file(SecretBuffer text, std::string_view file, const VariableSource& variables,
                               SecretArena& arena);

// Several files in the order in which they were named: of each name the last entry, at the place of the first.
std::vector<EnvFileEntry> merge_env_files(std::vector<EnvFile> files);

}  // namespace confide::secrets
