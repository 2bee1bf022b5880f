#include "secrets/providers/output.h"

#include <algorithm>

#include "base/text.h"
#include "secrets/delivery.h"
#include "secrets/providers/arguments.h"
#include "secrets/providers/json.h"

namespace confide::secrets {
namespace {

Error refuse(std::string cause) { return {ErrorKind::kRefused, 0, std::move(cause)}; }

Result<SecretBuffer> copy_of(std::string_view text, SecretArena& arena) {
  return arena.copy_from(std::as_bytes(std::span(text)));
}

std::string_view first_line(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// pass(1) has no fields; what its extensions and gopass agree on is "NAME: value" from the second line on.
Result<SecretBuffer> line_of_key(std::string_view text, std::string_view key, SecretArena& arena) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
    std::string_view line = first_line(text);
    if (!line.starts_with(key) || !line.substr(key.size()).starts_with(':')) continue;
    line.remove_prefix(key.size() + 1);
    return copy_of(trim(line), arena);
  }
  return refuse(cat("the entry has no line that begins with “", printable(key), ":”"));
}

Result<SecretBuffer> take(Output how, std::string_view field, std::string_view key, SecretBuffer output,
                          SecretArena& arena) {
  switch (how) {
    case Output::kBytes: return output;
    case Output::kText:
      return output.reveal(
          [&](std::span<const std::byte> bytes) { return arena.copy_from(without_last_line_break(bytes)); });
    case Output::kFirstLine:
      return output.reveal(
          [&](std::span<const std::byte> bytes) { return copy_of(first_line(as_text(bytes)), arena); });
    case Output::kLineOfKey:
      return output.reveal([&](std::span<const std::byte> bytes) { return line_of_key(as_text(bytes), key, arena); });
    case Output::kJson: return json_text(output, field, arena);
    case Output::kJsonWithin: {
      const SecretBuffer inner = TRY(json_text(output, field, arena));
      // A key is one name, dots included.
      std::string quoted = "\"";
      for (const char c : key) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
      }
      return json_text(inner, quoted + "\"", arena);
    }
  }
  return refuse("unknown kind of output");
}

}  // namespace

Result<SecretBuffer> value_from_output(const Provider& provider, const policy::Reference& reference,
                                       SecretBuffer output, SecretArena& arena) {
  if (output.empty()) return refuse("it printed nothing");
  const bool keyed = is_keyed(provider, reference);
  const auto* entry = std::get_if<policy::KeyedEntry>(&reference.parts);
  const std::string field = TRY(fill(keyed ? provider.keyed_field : provider.field, reference, {}));
  SecretBuffer value = TRY(take(keyed ? provider.keyed_output : provider.output, field,
                                entry != nullptr ? entry->key : std::string_view(), std::move(output), arena));
  if (value.empty()) return refuse("the value is empty");
  return value;
}

}  // namespace confide::secrets
