// What is checked about resolved values before anything is launched.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "policy/reference.h"
#include "secrets/secret_buffer.h"

namespace confide::secrets {

// Whether values of the scheme are read from a file or stream, where a line break at the end belongs to the file and
// not to the value (file, fd, stdin, and the embedded vault, which keeps the bytes of these).
bool ends_with_a_line(policy::Scheme scheme);
// Without one "\n" or "\r\n" at the end.
std::span<const std::byte> without_last_line_break(std::span<const std::byte> bytes);

// One value and how the authorised process gets it.
struct PreparedSecret {
  std::string name;
  policy::Deliver how = policy::Deliver::kEnv;
  SecretBuffer value;
  std::string file_target;  // kFile: where the file appears; empty: /run/secrets/NAME
};

// `value` as it is delivered: for the environment without the line break of a file or stream, else untouched.
Result<SecretBuffer> for_delivery(policy::Scheme from, policy::Deliver how, SecretBuffer value, SecretArena& arena);

// execve(2): one string of the environment, "NAME=value" with its NUL byte, has at most 32 pages (MAX_ARG_STRLEN).
inline constexpr size_t kMaxEnvStringBytes = 131072;
// All strings of the environment together: half of what execve(2) takes under the usual 8 MiB stack limit, so that the
// command's arguments and the rest of its environment fit too.
inline constexpr size_t kMaxEnvBytes = size_t{1} << 20;
inline constexpr size_t kMaxSecrets = 1024;
inline constexpr size_t kMaxTotalBytes = size_t{16} << 20;

// Everything that forbids the delivery, one error of kind kRefused for each, naming the secret and never its value;
// empty: it may be delivered. Refused are: a bad name; a name that is used twice (NAME_FD of a descriptor included); a
// NUL byte or too many bytes in the environment; two files in one place, one below another, or one of another name in
// /run/secrets; a file's target that is a folder's path, has
// ".." or control characters in it; two standard inputs; too many secrets or bytes.
std::vector<Error> check_delivery(std::span<const PreparedSecret> secrets);

}  // namespace confide::secrets
