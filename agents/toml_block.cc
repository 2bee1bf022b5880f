#include "agents/toml_block.h"

#include "agents/json_text.h"
#include "base/text.h"
#include "policy/parse.h"

namespace confide::agents {
namespace {

constexpr std::string_view kBegin = "# >>> confide setup: taken out by `confide setup codex --remove`\n";
constexpr std::string_view kEnd = "# <<< confide setup\n";

std::string block(std::string_view body) { return cat(kBegin, body, kEnd); }

Result<policy::Node> parsed(std::string_view text, const std::string& path) { return policy::parse_tree(text, path); }

}  // namespace

const policy::Node* member(const policy::Node& table, std::string_view name) {
  for (const policy::Entry& entry : table.entries)
    if (entry.key == name) return &entry.value;
  return nullptr;
}

// What TOML's basic strings escape, JSON's do in the same way.
std::string toml_quoted(std::string_view text) { return json_quoted(text); }

std::string without_blocks(std::string_view text) {
  std::string out(text);
  for (size_t begin = out.find(kBegin); begin != std::string::npos; begin = out.find(kBegin)) {
    size_t end = out.find(kEnd, begin);
    if (end == std::string::npos) return out;  // a person took the mark away; what is whose cannot be told
    end += kEnd.size();
    if (begin == 0 && out.compare(end, 1, "\n") == 0) ++end;
    if (begin > 1 && out.compare(begin - 2, 2, "\n\n") == 0) --begin;
    out.erase(begin, end - begin);
  }
  return out;
}

ClientFile toml_file(std::string path, TomlBlocks blocks, std::function<Status(const policy::Node&)> look) {
  ClientFile file{.path = path};
  file.is_set = [=](const MaybeText& text) -> Result<bool> {
    if (!text) return blocks.top.empty() && blocks.end.empty();
    TRY(parsed(*text, path));
    const auto holds = [&](const std::string& body) {
      return body.empty() || text->find(block(body)) != std::string::npos;
    };
    std::string rest = *text;
    for (const std::string& body : {blocks.top, blocks.end})
      if (const size_t at = body.empty() ? std::string::npos : rest.find(block(body)); at != std::string::npos)
        rest.erase(at, block(body).size());
    return holds(blocks.top) && holds(blocks.end) && rest.find(kBegin) == std::string::npos;
  };
  file.add = [=](const MaybeText& before) -> Result<std::vector<std::string>> {
    std::vector<std::string> steps;
    std::string text = before ? *before : "";
    TRY(look(TRY(parsed(text, path))));
    if (!blocks.end.empty()) {
      const std::string_view gap = text.empty() ? "" : text.ends_with('\n') ? "\n" : "\n\n";
      text += cat(gap, block(blocks.end));
      steps.push_back(text);
    }
    if (!blocks.top.empty()) {
      text = cat(block(blocks.top), text.empty() ? "" : "\n", text);
      steps.push_back(text);
    }
    if (const auto whole = parsed(text, path); !whole) {
      return Error{ErrorKind::kRefused, 0,
                   cat(printable(path), " says some of it already, in another form: ", whole.error().what)};
    }
    return steps;
  };
  file.strip = [=](const std::string& text) -> Result<MaybeText> { return MaybeText(without_blocks(text)); };
  return file;
}

}  // namespace confide::agents
