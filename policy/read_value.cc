#include "policy/read_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "policy/mask_names.h"
#include "policy/paths.h"
#include "policy/reference.h"

namespace confide::policy {
namespace {

constexpr uint64_t kNothing = 0;
constexpr std::string_view kNulByte = "a text cannot hold a NUL byte";

std::string quoted_list(std::span<const std::string_view> words) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i != 0) out += i + 1 == words.size() ? " or " : ", ";
    out += cat('"', words[i], '"');
  }
  return out;
}

Error reason(std::string text) { return Error{ErrorKind::kRefused, 0, std::move(text)}; }

// The reasons why a word that the profile's row knows is missing from an administrator's row.
bool widens(const KeyInfo& info, std::string_view word) {
  const KeyInfo* profile = info.section == Section::kAdministrator ? find_key(Section::kProfile, info.key) : nullptr;
  return profile != nullptr && std::ranges::find(profile->words, word) != profile->words.end();
}

Result<uint64_t> word_of(const KeyInfo& info, std::string_view text) {
  const auto at = std::ranges::find(info.words, text);
  if (at != info.words.end()) return static_cast<uint64_t>(at - info.words.begin());
  if (widens(info, text)) {
    return reason(cat("an administrator's file can only narrow, and `", info.path, " = ", text,
                      "` narrows nothing; leave it out, or say ", quoted_list(info.words)));
  }
  const auto near = nearest(text, {info.words.begin(), info.words.end()});
  return reason(cat("`", leaf(info.path), "` must be ", quoted_list(info.words), ", not `",
                    printable(text.substr(0, 80)), "`", near ? cat("; did you mean \"", *near, "\"?") : std::string()));
}

Result<uint64_t> in_bounds(const KeyInfo& info, uint64_t number) {
  if (number >= info.least && number <= info.most) return number;
  const std::string unit = info.shape == Shape::kDuration ? " ms" : "";
  return reason(cat("`", leaf(info.path), "` must be between ", info.least, " and ", info.most, unit));
}

std::string expected(const KeyInfo& info) {
  switch (info.shape) {
    case Shape::kWord: return quoted_list(info.words);
    case Shape::kFlag:
      return info.words.size() == 1 ? "false (an administrator's file can only narrow)" : "true or false";
    case Shape::kVersion: return "1";
    case Shape::kSize: return "a size such as \"512M\", \"2G\", or a number of bytes";
    case Shape::kDuration: return "a duration such as \"250ms\", \"30s\", \"15m\", or a number of seconds";
    case Shape::kCount: return "a whole number";
    case Shape::kNumber: return "a number above zero";
    case Shape::kName: return "a name (letters, digits, `.`, `_`, `-`; at most 64)";
    case Shape::kReference: return "a reference such as \"op://vault/item/field\"";
    case Shape::kPlain: return "a text";
    case Shape::kTarget: return "an absolute path, or one below the project";
    case Shape::kPaths: return "a list of paths, or of { path = \"…\", if-missing = \"skip\" }";
    case Shape::kVariableNames: return "a list of variable names";
    case Shape::kGlobs: return "a list of patterns relative to the project";
    case Shape::kWords: return "a list of words";
    case Shape::kToolchains: return "\"by-path\", \"none\", or a list of names";
    case Shape::kPairs: return "a table of NAME = \"value\"";
    case Shape::kTables: return "a table";
  }
  return "something else";
}

Error wrong_type(const KeyInfo& info, Node::Kind found) {
  return reason(cat("`", leaf(info.path), "` must be ", expected(info), ", not ", name_of(found)));
}

Result<uint64_t> number_of_text(const KeyInfo& info, std::string_view text) {
  if (info.shape == Shape::kWord) return word_of(info, text);
  const auto malformed = [&] {
    return reason(
        cat("`", leaf(info.path), "` must be ", expected(info), ", not `", printable(text.substr(0, 80)), "`"));
  };
  if (info.shape == Shape::kSize) {
    const auto size = parse_size(text);
    return size ? in_bounds(info, *size) : malformed();
  }
  if (info.shape == Shape::kDuration) {
    const auto duration = parse_duration_ms(text);
    return duration ? in_bounds(info, static_cast<uint64_t>(*duration)) : malformed();
  }
  const auto number = parse_number(text);
  return number ? in_bounds(info, *number) : malformed();
}

Result<double> real_of(const KeyInfo& info, double number) {
  if (std::isfinite(number) && number > 0 && number <= static_cast<double>(info.most)) return number;
  return reason(cat("`", leaf(info.path), "` must be above 0 and at most ", info.most));
}

Result<uint64_t> number_of_node(const KeyInfo& info, const Node& node) {
  const bool textual = info.shape == Shape::kWord || info.shape == Shape::kSize || info.shape == Shape::kDuration;
  if (node.kind == Node::Kind::kText && textual) return number_of_text(info, node.text);
  if (info.shape == Shape::kFlag && node.kind == Node::Kind::kFlag) {
    if (static_cast<size_t>(node.integer) < info.words.size()) return static_cast<uint64_t>(node.integer);
    return reason(
        cat("an administrator's file can only narrow, and `", info.path, " = true` gives something; say false"));
  }
  if (info.shape == Shape::kWord && node.kind == Node::Kind::kList && leaf(info.path) == "network") {
    return reason(
        "a list of hosts is not taken: nothing enforces one yet. Say network = \"none\", or \"host\" for all of it");
  }
  if (node.kind != Node::Kind::kInteger || info.shape == Shape::kWord || info.shape == Shape::kFlag)
    return wrong_type(info, node.kind);
  if (node.integer < 0) return reason(cat("`", leaf(info.path), "` cannot be negative"));
  const auto number = static_cast<uint64_t>(node.integer);
  if (info.shape == Shape::kVersion) {
    if (number == 1) return number;
    return reason(cat("version ", number, " of the format is not known to this confide; it knows version 1"));
  }
  if (info.shape != Shape::kDuration) return in_bounds(info, number);
  // Seconds, as on the command line.
  return number > info.most / 1000 ? in_bounds(info, UINT64_MAX) : in_bounds(info, number * 1000);
}

// What is wrong with one element of a list.
Status check_element(const KeyInfo& info, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return reason(std::string(kNulByte));
  switch (info.shape) {
    case Shape::kPaths: return check_path_text(text, PathSource::kFile);
    case Shape::kGlobs: return check_glob(text);
    case Shape::kVariableNames:
      if (!is_variable_name(text))
        return reason(cat("`", printable(text.substr(0, 80)),
                          "` is not a variable name (letters, digits, `_`; not a digit first)"));
      return {};
    case Shape::kToolchains:
      if (!is_name(text)) return reason(cat("`", printable(text.substr(0, 80)), "` is not the name of a toolchain"));
      return {};
    case Shape::kWords:
    case Shape::kWord:
    case Shape::kFlag:
    case Shape::kVersion:
    case Shape::kSize:
    case Shape::kDuration:
    case Shape::kCount:
    case Shape::kNumber:
    case Shape::kName:
    case Shape::kReference:
    case Shape::kPlain:
    case Shape::kTarget:
    case Shape::kPairs:
    case Shape::kTables: return {};
  }
  return {};
}

class NodeReader {
 public:
  NodeReader(const KeyInfo& info, std::string_view file, std::vector<Complaint>& report)
      : info_(info), file_(file), report_(report) {}

  Value read(const Node& node) {
    switch (info_.shape) {
      case Shape::kWord:
      case Shape::kFlag:
      case Shape::kVersion:
      case Shape::kSize:
      case Shape::kDuration:
      case Shape::kCount: return keep(node.position, number_of_node(info_, node), kNothing);
      case Shape::kNumber: return read_real(node);
      case Shape::kName:
      case Shape::kReference:
      case Shape::kPlain:
      case Shape::kTarget: return read_text(node);
      case Shape::kPaths:
      case Shape::kVariableNames:
      case Shape::kGlobs:
      case Shape::kWords:
      case Shape::kToolchains: return read_list(node);
      case Shape::kPairs: return read_pairs(node);
      case Shape::kTables: break;
    }
    return kNothing;
  }

 private:
  void complain(Position position, std::string message) { report_.push_back({position, std::move(message)}); }
  template <class T>
  T keep(Position position, Result<T> value, T fallback) {
    if (value) return std::move(*value);
    complain(position, value.error().what);
    return fallback;
  }
  Origin origin(Position position) const { return {cat(file_, ":", position.line)}; }

  Value read_real(const Node& node) {
    if (node.kind == Node::Kind::kReal) return keep(node.position, real_of(info_, node.real), 0.0);
    if (node.kind == Node::Kind::kInteger)
      return keep(node.position, real_of(info_, static_cast<double>(node.integer)), 0.0);
    complain(node.position, wrong_type(info_, node.kind).what);
    return 0.0;
  }

  Value read_text(const Node& node) {
    if (node.kind != Node::Kind::kText) {
      complain(node.position, wrong_type(info_, node.kind).what);
      return std::string();
    }
    if (auto wrong = check_text(node.text); !wrong) complain(node.position, wrong.error().what);
    return node.text;
  }

  // References and plain values are never quoted: a person may have put a secret where a reference belongs.
  Status check_text(const std::string& text) const {
    if (text.find('\0') != std::string::npos) return reason(std::string(kNulByte));
    if (info_.shape == Shape::kName && !is_name(text))
      return reason(
          cat("`", leaf(info_.path), "` must be ", expected(info_), ", not `", printable(text.substr(0, 80)), "`"));
    if (info_.shape == Shape::kTarget) return check_target(text);
    if (info_.shape != Shape::kReference) return {};
    if (!looks_like_reference(text))
      return reason(
          "this is not a reference (op://…, confide://…); a plain value says that it is one: { value = \"…\" }");
    // What stands in for a variable is known at launch only.
    if (text.find('$') != std::string::npos) return {};
    if (auto parsed = parse_reference(text); !parsed) return std::move(parsed).error();
    return {};
  }

  static Status check_target(const std::string& text) {
    if (text.starts_with('/')) {
      return is_normal(text) && text != "/" ? Status()
                                            : reason("`path` must be written without `.`, `..` and repeated slashes");
    }
    if (text.find_first_of("*?") != std::string::npos || !check_glob(text))
      return reason("`path` must be absolute, or a path below the project without `..`, `*` and `?`");
    return {};
  }

  Value read_list(const Node& node) {
    std::vector<Item> items;
    if (info_.shape == Shape::kToolchains && node.kind == Node::Kind::kText) {
      if (node.text == "by-path")
        items.push_back({.text = node.text, .origin = origin(node.position)});
      else if (node.text != "none")
        complain(node.position, cat("`toolchains` must be ", expected(info_)));
      return items;
    }
    if (node.kind != Node::Kind::kList) {
      complain(node.position, wrong_type(info_, node.kind).what);
      return items;
    }
    for (const Entry& entry : node.entries) {
      Item item = read_item(entry.value);
      if (auto wrong = check_element(info_, item.text); !wrong && !item.origin.text.empty())
        complain(entry.value.position, wrong.error().what);
      items.push_back(std::move(item));
    }
    return items;
  }

  // An item with an empty origin was complained about already.
  Item read_item(const Node& node) {
    // What is hidden need not be there: a profile is shared by people whose homes differ.
    const IfMissing usual = info_.key == Key::kHide || info_.key == Key::kReadOnly ? IfMissing::kSkip
                            : info_.key == Key::kProtect                           ? IfMissing::kCover
                                                                                   : IfMissing::kError;
    if (node.kind == Node::Kind::kText) return {node.text, usual, origin(node.position)};
    if (node.kind != Node::Kind::kTable || info_.shape != Shape::kPaths) {
      complain(node.position,
               cat("`", leaf(info_.path), "` must be ", expected(info_), "; this element is ", name_of(node.kind)));
      return {};
    }
    Item item{.if_missing = usual, .origin = origin(node.position)};
    const size_t before = report_.size();
    bool has_path = false;
    for (const Entry& entry : node.entries) {
      const bool is_text = entry.value.kind == Node::Kind::kText;
      if (entry.key == "path" && is_text) {
        item.text = entry.value.text;
        has_path = true;
      } else if (entry.key == "if-missing" && is_text && entry.value.text == "cover" && info_.key == Key::kProtect) {
        item.if_missing = IfMissing::kCover;
      } else if (entry.key == "if-missing" && is_text && (entry.value.text == "skip" || entry.value.text == "error")) {
        item.if_missing = entry.value.text == "skip" ? IfMissing::kSkip : IfMissing::kError;
      } else if (entry.key == "if-missing") {
        complain(entry.value.position,
                 cat("`if-missing` must be \"skip\" or \"error\"", info_.key == Key::kProtect ? ", or \"cover\"" : ""));
      } else if (entry.key == "path") {
        complain(entry.value.position, cat("`path` must be a text, not ", name_of(entry.value.kind)));
      } else {
        complain(entry.position, cat("unknown key `", printable(entry.key.substr(0, 80)), "` in a path",
                                     did_you_mean(entry.key, {"path", "if-missing"})));
      }
    }
    if (!has_path && report_.size() == before) complain(node.position, "a path needs `path = \"…\"`");
    if (report_.size() != before) return {};
    return item;
  }

  Value read_pairs(const Node& node) {
    std::vector<Pair> pairs;
    if (node.kind != Node::Kind::kTable) {
      complain(node.position, wrong_type(info_, node.kind).what);
      return pairs;
    }
    for (const Entry& entry : node.entries) {
      if (!is_variable_name(entry.key))
        complain(entry.position, cat("`", printable(entry.key.substr(0, 80)), "` is not a variable name"));
      if (entry.value.kind != Node::Kind::kText)
        complain(entry.value.position, cat("the value of ", printable(entry.key.substr(0, 80)), " must be a text, not ",
                                           name_of(entry.value.kind)));
      else if (entry.value.text.find('\0') != std::string::npos)
        complain(entry.value.position, std::string(kNulByte));
      pairs.push_back({entry.key, entry.value.text, origin(entry.position)});
    }
    return pairs;
  }

  const KeyInfo& info_;
  std::string_view file_;
  std::vector<Complaint>& report_;
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

const char* name_of(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kText: return "a text";
    case Node::Kind::kInteger: return "a whole number";
    case Node::Kind::kReal: return "a number";
    case Node::Kind::kFlag: return "true or false";
    case Node::Kind::kTime: return "a date or time";
    case Node::Kind::kList: return "a list";
    case Node::Kind::kTable: return "a table";
  }
  return "something else";
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 64 || !(is_letter(text[0]) || is_digit(text[0]))) return false;
  return std::ranges::all_of(text,
                             [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_variable_name(std::string_view text) {
  if (text.empty() || text.size() > 255 || is_digit(text[0])) return false;
  return std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

Result<Value> value_of_text(const KeyInfo& info, std::string_view text) {
  if (info.shape != Shape::kNumber) {
    const uint64_t whole = TRY(number_of_text(info, text));
    return Result<Value>(std::in_place, whole);
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size())
    return reason(
        cat("`", leaf(info.path), "` must be ", expected(info), ", not `", printable(text.substr(0, 80)), "`"));
  const double real = TRY(real_of(info, number));
  return Result<Value>(std::in_place, real);
}

Value value_of_node(const KeyInfo& info, const Node& node, std::string_view file, std::vector<Complaint>& report) {
  return NodeReader(info, file, report).read(node);
}

}  // namespace confide::policy
