// Templates: never a crash; literals lie in the text, in order; a template whose places are filled with nothing renders
// to its literals; an error repeats no text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "secrets/template.h"

using namespace confide;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  secrets::SecretArena arena(secrets::Backing::kLockedMemory);
  auto buffer = arena.copy_from(std::as_bytes(std::span(text)));
  require(buffer.has_value());
  const secrets::VariableSource variables = [](std::string_view name, const secrets::ValueSink& sink) {
    if (name.size() % 2 == 0) sink({});
    return name.size() % 2 == 0;
  };
  const auto parsed = secrets::Template::parse(std::move(*buffer), "f", variables);
  if (!parsed) {
    require(parsed.error().kind == ErrorKind::kRefused && parsed.error().what.starts_with("f:"));
    return 0;
  }
  std::string literals;
  size_t at = 0;
  for (const auto& segment : parsed->segments()) {
    if (const auto* literal = std::get_if<secrets::LiteralSegment>(&segment)) {
      require(at <= literal->text.begin && literal->text.begin < literal->text.end && literal->text.end <= size);
      at = literal->text.end;
      literals += text.substr(literal->text.begin, literal->text.end - literal->text.begin);
    } else if (const auto* place = std::get_if<secrets::VariableSegment>(&segment)) {
      require(place->name.begin < place->name.end && place->name.end <= size);
      if (place->fallback && (place->name.end - place->name.begin) % 2 != 0) {
        literals += text.substr(place->fallback->begin, place->fallback->end - place->fallback->begin);
      }
    }
  }
  const secrets::SecretBuffer empty;
  const auto rendered = parsed->render([&](const policy::Reference&) { return &empty; }, variables, arena);
  require(rendered.has_value() &&
          rendered->reveal([&](std::span<const std::byte> bytes) { return secrets::as_text(bytes) == literals; }));
  return 0;
}
