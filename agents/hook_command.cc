// How a command becomes one word of a command line, and back.
#include "agents/hook.h"

#include "base/text.h"

namespace confide::agents {
namespace {

// In single quotes nothing means anything but the quote itself (POSIX 2.2.2). Runs of quotes go into double quotes,
// where a quote means nothing (2.2.3): `'"'''"'` is shorter than `'\'''\'''\''`, and one argument has little room.
std::string quoted(std::string_view text) {
  std::string out = "'";
  out.reserve(text.size() + 2);
  while (!text.empty()) {
    const size_t plain = std::min(text.find('\''), text.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    const size_t quotes = std::min(text.find_first_not_of('\''), text.size());
    if (quotes == 0) break;
    out += "'\"";
    out.append(quotes, '\'');
    out += "\"'";
    text.remove_prefix(quotes);
  }
  out += '\'';
  return out;
}

// The inverse, without a care for what quoted() would not have made: the caller quotes again and compares.
std::string unquoted(std::string_view text) {
  std::string out;
  char quote = 0;
  for (const char c : text) {
    if (quote == 0 && (c == '\'' || c == '"'))
      quote = c;
    else if (c == quote)
      quote = 0;
    else
      out += c;
  }
  return out;
}

std::string prefix(std::string_view program) { return cat(shell_quote(program), " shell -- "); }

}  // namespace

std::string wrap_command(std::string_view program, std::string_view command) {
  return cat(prefix(program), quoted(command));
}

std::optional<std::string> unwrap_command(std::string_view program, std::string_view text) {
  const std::string start = prefix(program);
  if (!text.starts_with(start)) return {};
  std::string command = unquoted(text.substr(start.size()));
  if (wrap_command(program, command) != text) return {};
  return command;
}

}  // namespace confide::agents
