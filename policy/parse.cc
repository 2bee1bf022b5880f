#include "policy/parse.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "base/text.h"
#include "policy/read_document.h"

// toml++ reports errors as values and never throws in this form; memory alone can fail.
#define TOML_EXCEPTIONS 0
// Some texts ("[" at the end of a line, 3.3.0) break an assertion that toml++ goes on from well enough: without it the
// parser reports a syntax error, with it the program would end.
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

namespace confide::policy {
namespace {

constexpr size_t kMaxDots = 64;

Position position_of(const toml::source_position& at) { return {std::max(at.line, 1U), std::max(at.column, 1U)}; }

// toml++ builds a table for each dot of a key and takes them apart by recursion, without a limit of its own. Counting
// the dots between structural characters, whether in quotes or not, keeps the depth small whatever the text is.
std::optional<Diagnostic> too_many_dots(std::string_view text, std::string_view file) {
  Position at;
  size_t dots = 0;
  for (const char c : text) {
    if (c == '.') ++dots;
    if (dots > kMaxDots)
      return Diagnostic{std::string(file), at.line, at.column,
                        cat("more than ", kMaxDots, " dots in one key or value")};
    constexpr std::string_view kStructure = "=,[]{}#\n";
    if (kStructure.find(c) != std::string_view::npos) dots = 0;
    if (c == '\n')
      at = {at.line + 1, 1};
    else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80)
      ++at.column;
  }
  return std::nullopt;
}

Node tree_of(const toml::node& node);

Node list_of(const toml::array& array) {
  Node out{.kind = Node::Kind::kList};
  for (const toml::node& element : array) {
    Node value = tree_of(element);
    const Position position = value.position;
    out.entries.push_back({"", position, std::move(value)});
  }
  return out;
}

Node table_of(const toml::table& table) {
  Node out;
  for (const auto& [key, value] : table)
    out.entries.push_back({std::string(key.str()), position_of(key.source().begin), tree_of(value)});
  // toml++ keeps keys by name; people read files from the top.
  std::ranges::stable_sort(out.entries, {}, &Entry::position);
  return out;
}

Node tree_of(const toml::node& node) {
  Node out;
  if (const auto* table = node.as_table())
    out = table_of(*table);
  else if (const auto* array = node.as_array())
    out = list_of(*array);
  else if (const auto* text = node.as_string())
    out = {.kind = Node::Kind::kText, .text = text->get()};
  else if (const auto* integer = node.as_integer())
    out = {.kind = Node::Kind::kInteger, .integer = integer->get()};
  else if (const auto* real = node.as_floating_point())
    out = {.kind = Node::Kind::kReal, .real = real->get()};
  else if (const auto* flag = node.as_boolean())
    out = {.kind = Node::Kind::kFlag, .integer = flag->get() ? 1 : 0};
  else
    out.kind = Node::Kind::kTime;
  out.position = position_of(node.source().begin);
  return out;
}

// toml++'s reason without what it quotes of the file, single characters aside: a number too large may be a secret.
std::string reason_of(std::string_view description) {
  constexpr size_t kOneCharacter = 10;  // as long as \U0010ffff
  std::string out;
  while (true) {
    const size_t open = description.find('\'');
    const size_t close = open == std::string_view::npos ? open : description.find('\'', open + 1);
    if (close == std::string_view::npos) return out + printable(description);
    const std::string_view inner = description.substr(open + 1, close - open - 1);
    const bool is_character = inner.size() == 1 || (inner.starts_with('\\') && inner.size() <= kOneCharacter);
    out += cat(printable(description.substr(0, open)), "`", is_character ? printable(inner) : "…", "`");
    description.remove_prefix(close + 1);
  }
}

// The tree, or the one complaint that hides all others.
std::expected<Node, Diagnostic> read_tree(std::string_view text, const std::string& file) {
  const auto fail = [&](Position at, std::string message) {
    return std::unexpected(Diagnostic{file, at.line, at.column, std::move(message)});
  };
  if (text.size() > kMaxPolicyBytes) return fail({}, "the file is larger than 1 MiB");
  if (const size_t nul = text.find('\0'); nul != std::string_view::npos) {
    const auto line = static_cast<uint32_t>(1 + std::ranges::count(text.substr(0, nul), '\n'));
    return fail({line, 1}, "the line holds a NUL byte");
  }
  if (auto found = too_many_dots(text, file)) return std::unexpected(std::move(*found));
  try {
    const toml::parse_result result = toml::parse(text);
    if (result) return table_of(result.table());
    const toml::parse_error& error = result.error();
    return fail(position_of(error.source().begin), cat("not TOML: ", reason_of(error.description())));
  } catch (const std::exception&) {
    return fail({}, "the file could not be read: out of memory");
  }
}

Reading read(std::string_view text, std::string_view file_name, const ParseOptions& options) {
  auto tree = read_tree(text, printable(file_name));
  if (!tree) return {{}, {std::move(tree).error()}};
  return read_document(*tree, file_name, options.role);
}

}  // namespace

Result<Document> parse(std::string_view text, std::string_view file_name, const ParseOptions& options) {
  Reading reading = read(text, file_name, options);
  if (reading.diagnostics.empty()) return std::move(reading.document);
  std::string what = to_text(reading.diagnostics[0]);
  if (const size_t more = reading.diagnostics.size() - 1; more != 0)
    what += cat(" (and ", more, " more; `confide policy check` lists them)");
  return Error{ErrorKind::kRefused, 0, std::move(what)};
}

Result<Node> parse_tree(std::string_view text, std::string_view file_name) {
  auto tree = read_tree(text, printable(file_name));
  if (!tree) return Error{ErrorKind::kRefused, 0, to_text(tree.error())};
  return std::move(*tree);
}

std::vector<Diagnostic> check(std::string_view text, std::string_view file_name, const ParseOptions& options) {
  return read(text, file_name, options).diagnostics;
}

}  // namespace confide::policy
