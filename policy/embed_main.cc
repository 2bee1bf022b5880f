// The build's generator: presets/*.toml → a C++ source with the encoded documents and the table of toolchains.
//   confide-policy-embed OUTPUT PRESET.toml… toolchains.toml
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "base/sys.h"
#include "base/text.h"
#include "policy/parse.h"
#include "policy/paths.h"
#include "policy/presets.h"
#include "policy/wire.h"

namespace confide::policy {
namespace {

std::string escaped(std::string_view bytes) {
  constexpr std::string_view kDigits = "01234567";
  std::string out = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '"' && c != '\\' && c != '?')
      out += c;
    else
      out += {'\\', kDigits[byte >> 6], kDigits[byte >> 3 & 7], kDigits[byte & 7]};
  }
  return out + "\"";
}

Result<std::string> read_text(const std::string& path) { return sys::read_file(path, kMaxPolicyBytes); }

std::string file_stem(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return name.substr(0, name.rfind('.'));
}

Result<std::string> preset_row(const std::string& path) {
  const std::string name = file_stem(path);
  Document document = TRY(parse(TRY(read_text(path)), path));
  if (document.profiles.size() != 1 || document.profiles[0].name != name || !document.environments.empty() ||
      !document.grants.empty()) {
    return Error{ErrorKind::kRefused, 0, cat(path, ": a preset holds [profile.", name, "] and nothing else")};
  }
  document.file = preset_origin(name).text;
  stamp_origin(document, preset_origin(name));
  const std::string bytes = encode(document);
  return cat("    {\"", name, "\", {", escaped(bytes), ", ", bytes.size(), "}},\n");
}

// One list of a group: an array of its own, and the name to refer to it by.
Result<std::string> list_row(const std::string& path, const Entry& group, const Entry& list, std::string& arrays) {
  if (list.value.kind != Node::Kind::kList || list.value.entries.empty())
    return Error{ErrorKind::kRefused, 0, cat(path, ": [", group.key, "] ", list.key, " must be a list")};
  std::string name = cat("k_", group.key, "_", list.key);
  for (char& c : name)
    if (c == '-') c = '_';
  arrays += cat("constexpr std::string_view ", name, "[] = {");
  for (const Entry& element : list.value.entries) {
    if (element.value.kind != Node::Kind::kText || !is_normal("/" + element.value.text) || element.value.text.empty())
      return Error{ErrorKind::kRefused, 0,
                   cat(path, ": [", group.key, "] ", list.key, " must hold paths below the home")};
    arrays += cat(escaped(element.value.text), ", ");
  }
  arrays += "};\n";
  return name;
}

Result<std::string> toolchain_rows(const std::string& path, std::string& arrays) {
  const Node root = TRY(parse_tree(TRY(read_text(path)), path));
  std::string rows;
  for (const Entry& group : root.entries) {
    std::string lists[3] = {"{}", "{}", "{}"};
    for (const Entry& list : group.value.entries) {
      const int at = list.key == "path" ? 0 : list.key == "read" ? 1 : list.key == "hide" ? 2 : -1;
      if (at < 0)
        return Error{ErrorKind::kRefused, 0,
                     cat(path, ": [", group.key, "] knows path, read and hide, not ", list.key)};
      lists[at] = TRY(list_row(path, group, list, arrays));
    }
    if (lists[1] == "{}") return Error{ErrorKind::kRefused, 0, cat(path, ": [", group.key, "] needs `read`")};
    rows += cat("    {\"", group.key, "\", ", lists[0], ", ", lists[1], ", ", lists[2], "},\n");
  }
  return rows;
}

Status generate(const std::string& output, const std::vector<std::string>& inputs) {
  std::string arrays;
  std::string presets;
  std::string toolchains;
  for (const std::string& path : inputs) {
    if (file_stem(path) == "toolchains")
      toolchains = TRY(toolchain_rows(path, arrays));
    else
      presets += TRY(preset_row(path));
  }
  std::ofstream out(output, std::ios::binary);
  out << "// Made by confide-policy-embed from policy/presets; not to be edited.\n"
         "#include \"policy/embedded.h\"\n\n"
         "namespace confide::policy::embedded {\nnamespace {\n\n"
      << "constexpr Preset kPresets[] = {\n"
      << presets << "};\n\n"
      << arrays << "\nconstexpr Toolchain kToolchains[] = {\n"
      << toolchains
      << "};\n\n}  // namespace\n\n"
         "std::span<const Preset> presets() { return kPresets; }\n"
         "std::span<const Toolchain> toolchains() { return kToolchains; }\n\n"
         "}  // namespace confide::policy::embedded\n";
  out.close();
  if (!out) return Error{ErrorKind::kSystem, 0, cat("cannot write ", output)};
  return {};
}

}  // namespace
}  // namespace confide::policy

int main(int argc, char** argv) {
  if (argc < 3) {
    (void)std::fputs("usage: confide-policy-embed OUTPUT PRESET.toml… toolchains.toml\n", stderr);
    return 2;
  }
  const auto done = confide::policy::generate(argv[1], {argv + 2, argv + argc});
  if (!done) {
    (void)std::fprintf(stderr, "confide-policy-embed: %s\n", done.error().what.c_str());
    return 1;
  }
  return 0;
}
