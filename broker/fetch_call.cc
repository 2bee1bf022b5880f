#include "broker/fetch_call.h"

#include <algorithm>

#include "base/text.h"
#include "secrets/providers/failure.h"
#include "secrets/secret_builder.h"

namespace confide::broker {
namespace {

using secrets::Meaning;

constexpr char kPart = '\x1f';
constexpr char kValue = 'V';
constexpr char kFirstMeaning = 'a';
constexpr size_t kHead = 5;  // a status byte and 32 bits of size

std::string want_of(const policy::Reference& reference) {
  std::vector<std::string> parts;
  if (const auto* entry = std::get_if<policy::VaultEntry>(&reference.parts)) {
    parts = {entry->mount, entry->path, entry->key, entry->version ? cat(*entry->version) : std::string()};
  } else if (const auto* item = std::get_if<policy::OpItem>(&reference.parts)) {
    using Attribute = policy::OpItem::Attribute;
    std::string attribute;
    if (item->attribute == Attribute::kOtp || item->attribute == Attribute::kTotp) attribute = "otp";
    if (item->attribute == Attribute::kSshOpenSsh) attribute = "openssh";
    parts = {item->vault, item->item, item->section.value_or(std::string()), item->field, attribute};
  }
  return join(parts, std::string_view(&kPart, 1));
}

}  // namespace

Result<secrets::SecretBuffer> fetch_request(const secrets::Provider& row,
                                            const std::vector<const policy::Reference*>& references,
                                            const std::string& nonce, const ProviderShell& shell,
                                            secrets::SecretArena& arena) {
  secrets::SecretBuilder request(arena);
  const auto field = [&](std::string_view name, std::string_view value) -> Status {
    TRY(request.append(cat(name, "=", value)));
    return request.append('\0');
  };
  TRY(field("scheme", row.name));
  TRY(field("nonce", nonce));
  for (const policy::Reference* reference : references) TRY(field("want", want_of(*reference)));
  const std::vector<secrets::PreparedSecret> variables = TRY(shell.variables(row));
  for (const secrets::PreparedSecret& variable : variables) {
    TRY(request.append(cat("env=", variable.name, "=")));
    TRY(variable.value.reveal([&](std::span<const std::byte> bytes) { return request.append(bytes); }));
    TRY(request.append('\0'));
  }
  return request.finish();
}

std::optional<std::vector<Resolved>> read_answers(const secrets::Provider& row, const secrets::SecretBuffer& output,
                                                  const std::string& nonce, size_t count, secrets::SecretArena& arena) {
  std::vector<Resolved> answers;
  const bool whole = output.reveal([&](std::span<const std::byte> bytes) {
    std::string_view rest = secrets::as_text(bytes);
    for (size_t i = 0; i < count; ++i) {
      if (rest.size() < kHead) return false;
      const char status = rest[0];
      size_t size = 0;
      for (size_t n = 0; n < 4; ++n) size |= size_t{static_cast<unsigned char>(rest[1 + n])} << (8 * n);
      rest.remove_prefix(kHead);
      if (size > rest.size()) return false;
      const std::string_view said = rest.substr(0, size);
      rest.remove_prefix(size);
      if (status == kValue) {
        auto value = arena.copy_from(std::as_bytes(std::span(said)));
        if (!value) return false;
        answers.push_back({std::move(*value), {}, {}});
        continue;
      }
      if (status < kFirstMeaning || status > kFirstMeaning + static_cast<char>(Meaning::kFailed)) return false;
      const size_t part = std::min(said.find(kPart), said.size());
      const std::string_view quoted = said.substr(std::min(part + 1, said.size()));
      secrets::Failure failure =
          secrets::failure_of(row, static_cast<Meaning>(status - kFirstMeaning), printable(said.substr(0, part)));
      answers.push_back({{}, failure.meaning, std::move(failure.text), printable(quoted)});
    }
    return rest == nonce;
  });
  if (!whole) return std::nullopt;
  return answers;
}

}  // namespace confide::broker
