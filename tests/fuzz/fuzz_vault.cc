// Every decoder of the vault: any bytes are a value or an error; what decodes encodes back to the same bytes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "secrets/vault/format.h"

using namespace confide;

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

std::string text_of(const secrets::SecretBuffer& buffer) {
  return buffer.reveal([](std::span<const std::byte> bytes) { return std::string(secrets::as_text(bytes)); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto buffer =
      secrets::SecretBuffer::copy_from(std::as_bytes(std::span(bytes)), secrets::Backing::kLockedMemory);
  require(buffer.has_value());
  if (const auto file = vault::decode_key_file(*buffer)) {
    require(text_of(*vault::encode(*file)) == bytes);
    require(vault::parse_key_kind(vault::name_of(file->kind)) == file->kind);
  }
  if (const auto file = vault::decode_count_file(bytes)) require(vault::encode(*file) == bytes);
  if (const auto file = vault::decode_index_file(bytes)) require(vault::encode(*file) == bytes);
  if (const auto file = vault::decode_item_file(bytes)) require(vault::encode(*file) == bytes);
  if (const auto index = vault::decode_entries(1, bytes)) {
    require(vault::encode_entries(*index) == bytes);
    for (const auto& [name, entry] : index->entries) require(vault::check_name(name) && !entry.versions.empty());
  }
  return 0;
}
