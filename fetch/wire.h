// What the broker asks confide-fetch and what it answers, as bytes on its standard streams.
//
// Request: fields "NAME=VALUE", each ended by a NUL byte: `scheme`, `nonce`, one `want` per reference, one `env` per
// variable of the person's shell that the provider's row names. The parts of a `want` are set apart by kPart, which no
// reference can hold. Answer: for each want, in order, a status byte ('V', or 'A' + meaning), its size (32 bits, little
// endian) and its bytes (a failure's text, and behind a kPart what is quoted); then the nonce. The process may live on
// after that, to renew leases, until SIGTERM.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace confide::fetch {

inline constexpr char kPart = '\x1f';
inline constexpr char kValue = 'V';
inline constexpr char kFirstMeaning = 'a';
inline constexpr size_t kMaxRequest = size_t{1} << 20;

// Why there is no value; the order of secrets::Meaning, which this folder may not include.
enum class Why : uint8_t {
  kMissingProgram,
  kNotConfigured,
  kNotSignedIn,
  kNoPermission,
  kNoSuchItem,
  kAmbiguous,
  kRateLimited,
  kUnreachable,
  kTimedOut,
  kUnusable,
  kFailed,
};

struct Failure {
  Why why = Why::kFailed;
  std::string text;
  std::string quoted = {};  // of what the server said, printable; for Error::quoted
};
// A value, or what kept it from being had: below HTTP, or what did not get better by repeating.
template <class T>
using Fetched = std::expected<T, Failure>;

struct Answer {
  std::string value;
  std::optional<Failure> failure;
};

struct Request {
  std::string scheme;
  std::string nonce;
  std::vector<std::vector<std::string>> wants;
  std::map<std::string, std::string, std::less<>> variables;

  // Empty where it is not set.
  std::string variable(std::string_view name) const;
};
// Error: kRefused.
Result<Request> parse_request(std::string_view bytes);
std::string encode_answers(const std::vector<Answer>& answers, std::string_view nonce);

}  // namespace confide::fetch
