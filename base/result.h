// How functions of confide fail: Result<T> is std::expected<T, Error> that must not be dropped.
//
//   Result<UniqueFd> open_it() {
//     const auto fd = TRY(sys::openat(AT_FDCWD, "/etc/hosts", O_RDONLY));
//     …
//   }
//
// Libraries return errors and never log; only a `main` prints, once. Our own code does not throw.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace confide {

// What kind of failure it is; `exit_code` turns it into the documented exit status.
enum class ErrorKind {
  kUsage,          // wrong flags or arguments: 2
  kRefused,        // policy, an unresolved or malformed reference, an approval: 123
  kTimeLimit,      // a time limit or a lease ended: 124
  kUnsupported,    // a required kernel layer is missing: 125
  kLaunch,         // the launcher failed at a named step: 125
  kSystem,         // a system call failed: 125
  kInternal,       // a defect of ours: 125
  kNotExecutable,  // the command exists but cannot be executed: 126
  kNotFound,       // the command was not found: 127
};

// One failure. `what` is a single line that names the object and, where there is one, the cure; it
// never holds a secret's value. `errnum` is an errno, or 0. `quoted` is what another program said of it, as in
// "exec:db said “…”": nobody knows what that holds, so it is for the person who waits and is kept nowhere.
struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  int errnum = 0;
  std::string what;
  std::string quoted = {};

  bool operator==(const Error&) const = default;
};

// The exit status for a failure of this kind (docs/man/confide.1, EXIT STATUS).
int exit_code(ErrorKind kind);

// `what: strerror` where there is an errno, else `what`. Never what is quoted, so it may be kept: in a record, in a
// status line, in another error.
std::string to_text(const Error& error);
// The same and what is quoted: for the standard error of the call, and nothing else.
std::string to_text_with_quoted(const Error& error);

// Puts the operation in front of an error on its way up: "reading policy: …".
Error with_context(std::string_view context, Error error);

template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  // Lets a function return a bare Error.
  Result(Error error)  // NOLINT(google-explicit-constructor)
      : std::expected<T, Error>(std::unexpect, std::move(error)) {}
};

// Result<void> is spelled Status at the call sites that only succeed or fail.
using Status = Result<void>;

}  // namespace confide

#define CONFIDE_TRY_CAT2_(a, b) a##b
#define CONFIDE_TRY_CAT_(a, b) CONFIDE_TRY_CAT2_(a, b)
#define CONFIDE_TRY_IMPL_(tmp, expr) \
  __extension__({                    \
    auto tmp = (expr);               \
    if (!tmp) [[unlikely]]           \
      return std::move(tmp).error(); \
    std::move(tmp).value();          \
  })
// The value of a Result, or return its error from the enclosing function.
#define TRY(expr) CONFIDE_TRY_IMPL_(CONFIDE_TRY_CAT_(try_result_, __COUNTER__), expr)
