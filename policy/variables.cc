// Variables inside text; see policy/reference.h.
#include "base/text.h"
#include "policy/reference.h"

namespace confide::policy {

namespace {

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool continues_name(char c) { return begins_name(c) || (c >= '0' && c <= '9'); }

size_t skip_blanks(std::string_view text, size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  return at;
}
size_t skip_name(std::string_view text, size_t at) {
  while (at < text.size() && continues_name(text[at])) ++at;
  return at;
}

Error refuse(std::string_view cause) { return Error{ErrorKind::kRefused, 0, std::string(cause)}; }

}  // namespace

Result<std::optional<VariableTag>> variable_at(std::string_view text) {
  using Tag = std::optional<VariableTag>;
  if (text.size() < 2 || text[0] != '$') return Tag();
  if (begins_name(text[1])) {
    const size_t end = skip_name(text, 1);
    return Tag(VariableTag{.name = text.substr(1, end - 1), .fallback = {}, .length = end});
  }
  if (text[1] != '{') return Tag();
  const size_t begin = skip_blanks(text, 2);
  if (begin == text.size() || !begins_name(text[begin])) return Tag();
  const size_t name_end = skip_name(text, begin);
  const auto name = text.substr(begin, name_end - begin);
  const size_t next = skip_blanks(text, name_end);
  if (next < text.size() && text[next] == '}')
    return Tag(VariableTag{.name = name, .fallback = {}, .length = next + 1});
  if (!text.substr(next).starts_with(":-")) return refuse("only ${NAME} and ${NAME:-default} are understood here");
  const size_t end = text.find_first_of("}${\\\n", next + 2);
  if (end == std::string_view::npos || text[end] == '\n') return refuse("the variable's closing brace is missing");
  if (text[end] != '}') return refuse("a default has no '$', '{' or backslash");
  return Tag(VariableTag{.name = name, .fallback = text.substr(next + 2, end - next - 2), .length = end + 1});
}

Result<std::string> expand_variables(std::string_view text, const VariableLookup& lookup) {
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    const size_t dollar = text.find('$', at);
    out.append(text.substr(at, dollar - at));
    if (dollar == std::string_view::npos) break;
    const auto fail = [&](std::string_view cause) { return refuse(cat("column ", dollar + 1, ": ", cause)); };
    const auto tag = variable_at(text.substr(dollar));
    if (!tag) return fail(tag.error().what);
    const auto& variable = *tag;
    if (!variable) {
      out.push_back('$');
      at = dollar + 1;
      continue;
    }
    const auto& [name, fallback, length] = *variable;
    if (const auto value = lookup(name)) {
      out.append(*value);
    } else if (fallback) {
      out.append(*fallback);
    } else if (looks_like_reference(text)) {
      return fail(cat("the variable ", name, " is not set; set it or write ${", name, ":-default}"));
    } else {
      return fail("the variable here is not set and has no default");
    }
    at = dollar + length;
  }
  return out;
}

}  // namespace confide::policy
