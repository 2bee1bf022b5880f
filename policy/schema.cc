#include "policy/schema.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "policy/keys.h"

namespace confide::policy {
namespace {

constexpr std::string_view kNamePattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
constexpr std::string_view kVariablePattern = "^[A-Za-z_][A-Za-z0-9_]{0,254}$";

// The texts of the table hold no control characters.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string member(std::string_view name, std::string_view json) { return cat(quoted(name), ": ", json); }

std::string object(const std::vector<std::string>& members, const std::string& indent) {
  const std::string deeper = indent + "  ";
  return cat("{\n", deeper, join(members, ",\n" + deeper), "\n", indent, "}");
}

std::string word_list(const KeyInfo& info) {
  std::vector<std::string> words;
  for (const std::string_view word : info.words) words.push_back(quoted(word));
  return cat("[", join(words, ", "), "]");
}

std::string texts(std::string_view extra = {}) {
  return cat("{ \"type\": \"string\"", extra.empty() ? "" : ", ", extra, " }");
}

std::string bounds(const KeyInfo& info) {
  return cat("\"minimum\": ", info.least, info.most == UINT64_MAX ? std::string() : cat(", \"maximum\": ", info.most));
}

// What a value looks like, without braces and description.
std::string form(const KeyInfo& info) {
  switch (info.shape) {
    case Shape::kWord: return cat("\"enum\": ", word_list(info));
    case Shape::kFlag: return info.words.size() == 1 ? "\"const\": false" : "\"type\": \"boolean\"";
    case Shape::kVersion: return "\"const\": 1";
    case Shape::kSize:
      return R"("anyOf": [{ "type": "string", "pattern": "^[0-9]+[KMGT]?$" }, { "type": "integer", "minimum": 1 }])";
    case Shape::kDuration:
      return R"("anyOf": [{ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)?$" }, { "type": "integer", "minimum": 0 }])";
    case Shape::kCount: return cat("\"type\": \"integer\", ", bounds(info));
    case Shape::kNumber: return cat("\"type\": \"number\", \"exclusiveMinimum\": 0, \"maximum\": ", info.most);
    case Shape::kName: return cat("\"type\": \"string\", \"pattern\": ", quoted(kNamePattern));
    case Shape::kReference: return R"("type": "string", "pattern": "^[a-z][a-z0-9+.-]*:")";
    case Shape::kPlain: return R"("type": "string")";
    case Shape::kTarget: return R"("type": "string", "minLength": 1)";
    case Shape::kPaths: return R"("type": "array", "items": { "$ref": "#/$defs/path" })";
    case Shape::kVariableNames:
      return cat("\"type\": \"array\", \"items\": ", texts(cat("\"pattern\": ", quoted(kVariablePattern))));
    case Shape::kGlobs:
    case Shape::kWords: return cat("\"type\": \"array\", \"items\": ", texts());
    case Shape::kToolchains:
      return cat(R"("anyOf": [{ "enum": ["by-path", "none"] }, { "type": "array", "items": )", texts(), " }]");
    case Shape::kPairs:
      return cat(R"("type": "object", "propertyNames": )", texts(cat("\"pattern\": ", quoted(kVariablePattern))),
                 R"(, "additionalProperties": )", texts());
    case Shape::kTables: return "";
  }
  return "";
}

// The members of a section below a prefix; a dot in a path opens an object.
// As deep as the keys of policy/keys.cc. NOLINTNEXTLINE(misc-no-recursion)
std::vector<std::string> properties(Section section, std::string_view prefix, const std::string& indent) {
  std::vector<std::string> out;
  std::vector<std::string_view> done;
  for (const KeyInfo& info : all_keys()) {
    if (info.section != section || !info.path.starts_with(prefix) || info.shape == Shape::kTables) continue;
    const std::string_view rest = info.path.substr(prefix.size());
    const std::string_view name = rest.substr(0, rest.find('.'));
    if (std::ranges::find(done, name) != done.end()) continue;
    done.push_back(name);
    if (name == rest) {
      out.push_back(member(name, cat("{ \"description\": ", quoted(info.help), ", ", form(info), " }")));
      continue;
    }
    const std::string deeper = indent + "  ";
    const auto inner = properties(section, cat(prefix, name, "."), deeper + "  ");
    out.push_back(member(name, object({"\"type\": \"object\"", "\"additionalProperties\": false",
                                       member("properties", object(inner, deeper))},
                                      indent)));
  }
  return out;
}

std::string section_object(Section section, std::string_view required, const std::string& indent) {
  const std::string deeper = indent + "  ";
  std::vector<std::string> members = {"\"type\": \"object\"", "\"additionalProperties\": false"};
  if (!required.empty()) members.push_back(member("required", required));
  members.push_back(member("properties", object(properties(section, "", deeper + "  "), deeper)));
  return object(members, indent);
}

std::string by_name(std::string_view pattern, std::string_view value) {
  return cat("\"type\": \"object\", \"additionalProperties\": false, \"patternProperties\": { ", member(pattern, value),
             " }");
}

std::string table_form(Key key) {
  if (key == Key::kProfiles) return by_name(kNamePattern, R"({ "$ref": "#/$defs/profile" })");
  if (key == Key::kEnvironments)
    return by_name(kNamePattern, cat("{ ", by_name(kVariablePattern, R"({ "$ref": "#/$defs/variable" })"), " }"));
  if (key == Key::kGrants) return R"("type": "array", "items": { "$ref": "#/$defs/grant" })";
  return R"("$ref": "#/$defs/administrator")";
}

}  // namespace

std::string schema_json() {
  std::vector<std::string> top;
  for (const KeyInfo& info : all_keys()) {
    if (info.section != Section::kDocument) continue;
    const std::string inner = info.shape == Shape::kTables ? table_form(info.key) : form(info);
    top.push_back(member(info.path, cat("{ \"description\": ", quoted(info.help), ", ", inner, " }")));
  }
  const std::string path =
      R"({ "anyOf": [{ "type": "string", "minLength": 1 }, { "type": "object", "additionalProperties": false, "required": ["path"], )"
      R"("properties": { "path": { "type": "string", "minLength": 1 }, "if-missing": { "enum": ["skip", "error", "cover"] } } }] })";
  const std::string variable =
      cat("{ \"anyOf\": [", texts(), ", ", section_object(Section::kVariable, "", "    "), "] }");
  const std::string definitions =
      object({member("path", path), member("profile", section_object(Section::kProfile, "", "    ")),
              member("administrator", section_object(Section::kAdministrator, "", "    ")),
              member("grant", section_object(Section::kGrant, R"(["name", "environment", "command"])", "    ")),
              member("variable", variable)},
             "  ");
  return object({R"("$schema": "https://json-schema.org/draft/2020-12/schema")",
                 R"("title": "A policy file of confide, version 1")", R"("type": "object")",
                 R"("additionalProperties": false)", R"("required": ["version"])",
                 member("properties", object(top, "  ")), member("$defs", definitions)},
                "") +
         "\n";
}

}  // namespace confide::policy
