#include "policy/parse.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "base/text.h"
#include "policy/guard.h"
#include "policy/read_document.h"

namespace confide::policy {
namespace {
// The parser of toml++ met a text that its author held impossible.
struct BrokenAssumption {};
[[noreturn]] void throw_broken_assumption() { throw BrokenAssumption(); }
}  // namespace
}  // namespace confide::policy

// Errors as exceptions, caught below: without them 3.3.0 goes on behind an error. Its assertions throw too: "[" at the
// end of a line breaks one, which would end the program or, with NDEBUG, promise the compiler what is not so.
#undef NDEBUG
#define TOML_ASSERT(condition) ((condition) ? void() : ::confide::policy::throw_broken_assumption())
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

namespace confide::policy {
namespace {

Position position_of(const toml::source_position& at) { return {std::max(at.line, 1U), std::max(at.column, 1U)}; }

Node tree_of(const toml::node& node);

// As deep as toml++ lets a document nest (TOML_MAX_NESTED_VALUES). NOLINTNEXTLINE(misc-no-recursion)
Node list_of(const toml::array& array) {
  Node out{.kind = Node::Kind::kList};
  for (const toml::node& element : array) {
    Node value = tree_of(element);
    const Position position = value.position;
    out.entries.push_back({"", position, std::move(value)});
  }
  return out;
}

// As list_of. NOLINTNEXTLINE(misc-no-recursion)
Node table_of(const toml::table& table) {
  Node out;
  for (const auto& [key, value] : table)
    out.entries.push_back({std::string(key.str()), position_of(key.source().begin), tree_of(value)});
  // toml++ keeps keys by name; people read files from the top.
  std::ranges::stable_sort(out.entries, {}, &Entry::position);
  return out;
}

// As list_of. NOLINTNEXTLINE(misc-no-recursion)
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

bool breaks_an_assumption(std::string_view text) {
  try {
    (void)toml::parse(text);
  } catch (const BrokenAssumption&) {
    return true;
  } catch (const std::exception&) {
    return false;
  }
  return false;
}

// Parsing goes from the top and stops at the first error, so the first lines break the assumption exactly from the line
// that does: a search by halves finds it.
uint32_t line_of_broken_assumption(std::string_view text) {
  const std::vector<std::string_view> lines = split(text, '\n');
  const auto first_lines = [&](size_t count) {
    const std::string_view last = lines[count - 1];
    return text.substr(0, static_cast<size_t>(last.data() - text.data()) + last.size() + 1);
  };
  size_t good = 0;
  size_t bad = lines.size();
  while (good + 1 < bad) {
    const size_t middle = (good + bad) / 2;
    (breaks_an_assumption(first_lines(middle)) ? bad : good) = middle;
  }
  return static_cast<uint32_t>(bad);
}

// The tree, or the one complaint that hides all others.
std::expected<Node, Diagnostic> read_tree(std::string_view text, const std::string& file) {
  const auto fail = [&](Position at, std::string message) {
    return std::unexpected(Diagnostic{file, at.line, at.column, std::move(message)});
  };
  if (auto found = unfit_for_parsing(text, file)) return std::unexpected(std::move(*found));
  try {
    return table_of(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return fail(position_of(error.source().begin), cat("not TOML: ", reason_of(error.description())));
  } catch (const BrokenAssumption&) {
    return fail({line_of_broken_assumption(text), 1}, "not TOML: the line cannot be read");
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
