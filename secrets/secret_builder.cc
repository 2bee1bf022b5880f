#include "secrets/secret_builder.h"

#include <algorithm>

#include "base/text.h"

namespace confide::secrets {

Status SecretBuilder::append(std::span<const std::byte> bytes) {
  if (bytes.size() > limit_ - used_) {
    return Error{ErrorKind::kRefused, 0, cat("larger than the limit of ", limit_, " bytes for one secret")};
  }
  const size_t wanted = used_ + bytes.size();
  if (wanted > buffer_.size()) {
    SecretBuffer larger = TRY(arena_.create(std::max({wanted, buffer_.size() * 2, size_t{128}})));
    buffer_.reveal([&](std::span<const std::byte> from) {
      larger.fill([&](std::span<std::byte> to) { std::ranges::copy(from.first(used_), to.begin()); });
    });
    buffer_ = std::move(larger);
  }
  buffer_.fill([&](std::span<std::byte> to) { std::ranges::copy(bytes, to.subspan(used_).begin()); });
  used_ = wanted;
  return {};
}

Result<SecretBuffer> SecretBuilder::finish() {
  auto value = buffer_.reveal([&](std::span<const std::byte> bytes) { return arena_.copy_from(bytes.first(used_)); });
  used_ = 0;
  return value;
}

}  // namespace confide::secrets
