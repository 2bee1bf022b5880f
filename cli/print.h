// What the CLI says: one line on standard error for people, one JSON object for programs.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace confide::cli {

enum class Form : uint8_t { kText, kJson };

// "confide: …" on standard error; returns the error's exit status.
int fail(const Error& error, Form form = Form::kText);
void warn(std::string_view text);

// Writes to standard output; false (and a message) if it cannot, so that a full disk or a closed pipe is no success.
bool put(std::string_view text);

}  // namespace confide::cli
