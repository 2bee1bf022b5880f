#include "cli/print.h"

#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/sys.h"
#include "base/text.h"

namespace confide::cli {
namespace {

const char* name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage: return "usage";
    case ErrorKind::kRefused: return "refused";
    case ErrorKind::kTimeLimit: return "time-limit";
    case ErrorKind::kUnsupported: return "unsupported";
    case ErrorKind::kLaunch: return "launch";
    case ErrorKind::kSystem: return "system";
    case ErrorKind::kInternal: return "internal";
    case ErrorKind::kNotExecutable: return "not-executable";
    case ErrorKind::kNotFound: return "not-found";
  }
  return "internal";
}

void to_stderr(std::string line) {
  line += '\n';
  (void)sys::write_all(STDERR_FILENO, line);  // where standard error is closed there is nobody to tell
}

}  // namespace

int fail(const Error& error, Form form) {
  const int code = exit_code(error.kind);
  if (form == Form::kText) {
    to_stderr(cat("confide: ", to_text_with_quoted(error)));
    return code;
  }
  const nlohmann::ordered_json object = {
      {"error", {{"kind", name_of(error.kind)}, {"message", to_text_with_quoted(error)}, {"exit", code}}}};
  to_stderr(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  return code;
}

void warn(std::string_view text) { to_stderr(cat("confide: ", text)); }

bool put(std::string_view text) {
  const auto written = sys::write_all(STDOUT_FILENO, text);
  if (!written && written.error().errnum != EPIPE) warn(cat("standard output: ", to_text(written.error())));
  return written.has_value();
}

}  // namespace confide::cli
