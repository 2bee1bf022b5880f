#include "base/result.h"

#include <cstring>

namespace confide {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage: return 2;
    case ErrorKind::kRefused: return 123;
    case ErrorKind::kTimeLimit: return 124;
    case ErrorKind::kUnsupported:
    case ErrorKind::kLaunch:
    case ErrorKind::kSystem:
    case ErrorKind::kInternal: return 125;
    case ErrorKind::kNotExecutable: return 126;
    case ErrorKind::kNotFound: return 127;
  }
  return 125;
}

std::string to_text(const Error& error) {
  if (error.errnum == 0) return error.what;
  return error.what + ": " + ::strerrordesc_np(error.errnum);
}

std::string to_text_with_quoted(const Error& error) {
  return error.quoted.empty() ? to_text(error) : to_text(error) + "; " + error.quoted;
}

Error with_context(std::string_view context, Error error) {
  error.what.insert(0, std::string(context) + ": ");
  return error;
}

}  // namespace confide
