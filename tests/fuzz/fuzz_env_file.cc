// Environment files: never a crash; names are valid, places lie in the file, in order; an error repeats no text.
// Writing a reference in every place and parsing again gives the same names.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/reference.h"
#include "secrets/env_file.h"
#include "secrets/template.h"

using namespace confide;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

Result<secrets::EnvFile> parse(std::string_view text, secrets::SecretArena& arena) {
  const secrets::VariableSource variables = [](std::string_view name, const secrets::ValueSink& sink) {
    if (name.size() % 2 == 0) sink(std::as_bytes(std::span(name)));
    return name.size() % 2 == 0;
  };
  auto buffer = arena.copy_from(std::as_bytes(std::span(text)));
  require(buffer.has_value());
  return secrets::parse_env_file(std::move(*buffer), "f", variables, arena);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  secrets::SecretArena arena(secrets::Backing::kLockedMemory);
  auto file = parse(text, arena);
  if (!file) {
    require(file.error().kind == ErrorKind::kRefused && file.error().what.starts_with("f:"));
    require(file.error().what.size() < 200);
    return 0;
  }
  std::string rewritten;
  size_t at = 0;
  for (const auto& entry : file->entries) {
    require(policy::check_variable_name(entry.name).has_value());
    require(at < entry.value_begin && entry.value_begin <= entry.value_end && entry.value_end <= size);
    rewritten += text.substr(at, entry.value_begin - at);
    rewritten += "'op://v/i/f'";
    at = entry.value_end;
    (void)entry.value.reveal([&](std::span<const std::byte> bytes) {
      auto value = arena.copy_from(bytes);
      require(value.has_value());
      return secrets::Template::parse_value(std::move(*value), "f").has_value();
    });
  }
  rewritten += text.substr(at);
  const auto again = parse(rewritten, arena);
  require(again.has_value() && again->entries.size() == file->entries.size());
  for (size_t i = 0; i < again->entries.size(); ++i) {
    require(again->entries[i].name == file->entries[i].name);
    require(again->entries[i].value.reveal(
        [](std::span<const std::byte> value) { return secrets::as_text(value) == "op://v/i/f"; }));
  }
  return 0;
}
