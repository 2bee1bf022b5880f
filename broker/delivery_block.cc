#include "broker/delivery_block.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/kernel_abi.h"
#include "base/sys.h"
#include "base/text.h"
#include "base/wipe.h"
#include "launcher/child/delivery_block.h"

namespace confide::broker {
namespace {

using child::DeliveryEntry;
using child::DeliveryHeader;
using child::DeliveryKind;
using policy::Deliver;
using secrets::PreparedSecret;

constexpr uint32_t kFirstNumber = 3;  // of the descriptors that the program sees
constexpr const char* kFolder = "/run/secrets/";

// One entry of the block: text of ours, then (perhaps) the bytes of a secret, then (perhaps) a NUL.
struct Piece {
  DeliveryKind kind;
  uint32_t number = 0;
  std::string name;
  std::string before;
  const secrets::SecretBuffer* value = nullptr;
  bool ends_with_nul = false;

  size_t bytes() const { return before.size() + (value != nullptr ? value->size() : 0) + (ends_with_nul ? 1 : 0); }
};

std::vector<Piece> pieces_of(std::span<const PreparedSecret> secrets, std::span<const MaskedPart> parts) {
  std::vector<Piece> pieces;
  uint32_t number = kFirstNumber;
  const auto variable = [&](std::string text, const secrets::SecretBuffer* value) {
    pieces.push_back({DeliveryKind::kEnv, 0, "", std::move(text), value, true});
  };
  for (const PreparedSecret& secret : secrets) {
    switch (secret.how) {
      case Deliver::kEnv: variable(secret.name + "=", &secret.value); break;
      case Deliver::kFile:
        pieces.push_back({DeliveryKind::kFile, 0, secret.name, "", &secret.value, false});
        variable(
            cat(secret.name, "_FILE=", secret.file_target.empty() ? cat(kFolder, secret.name) : secret.file_target),
            nullptr);
        break;
      case Deliver::kFd:
        pieces.push_back({DeliveryKind::kFd, number, secret.name, "", nullptr, false});
        variable(cat(secret.name, "_FD=", number), nullptr);
        ++number;
        break;
      case Deliver::kStdin: pieces.push_back({DeliveryKind::kStdin, 0, secret.name, "", nullptr, false}); break;
    }
  }
  for (const MaskedPart& part : parts)
    pieces.push_back({DeliveryKind::kMaskOnly, 0, part.name, "", &part.value, false});
  return pieces;
}

}  // namespace

Result<DeliveryBlock> DeliveryBlock::create(std::span<const PreparedSecret> secrets,
                                            std::span<const MaskedPart> parts) {
  DeliveryBlock block;
  TRY(block.write_block(secrets, parts));
  for (const PreparedSecret& secret : secrets)
    if (secret.how == Deliver::kFd || secret.how == Deliver::kStdin) TRY(block.add_descriptor(secret));
  return block;
}

Result<void*> DeliveryBlock::lock(int fd, size_t size, bool writable) {
  void* address = ::mmap(nullptr, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) return sys::errno_error("mmap of a delivery");
  mappings_.push_back({address, size, writable});
  (void)::madvise(address, size, MADV_DONTDUMP);
  if (::mlock(address, size) != 0) {
    return Error{ErrorKind::kUnsupported, errno, "the memory of a secret cannot be locked; raise the limit: ulimit -l"};
  }
  return address;
}

Status DeliveryBlock::write_block(std::span<const PreparedSecret> secrets, std::span<const MaskedPart> parts) {
  const std::vector<Piece> pieces = pieces_of(secrets, parts);
  const auto by_descriptor = std::ranges::count_if(
      pieces, [](const Piece& piece) { return piece.kind == DeliveryKind::kFd || piece.kind == DeliveryKind::kStdin; });
  if (pieces.size() > child::kMaxEntries || by_descriptor > static_cast<long>(child::kMaxDeliveries)) {
    return Error{ErrorKind::kRefused, 0,
                 cat("a run takes at most ", child::kMaxDeliveries, " secrets by descriptor and ",
                     child::kMaxEntries / 2, " in all")};
  }
  size_t size = sizeof(DeliveryHeader) + pieces.size() * sizeof(DeliveryEntry);
  for (const Piece& piece : pieces) size += piece.name.size() + 1 + piece.bytes();
  if (size > child::kMaxDeliveryBlock)
    return Error{ErrorKind::kRefused, 0, "the secrets of this run are too large together"};

  block_ = TRY(sys::memfd("confide-delivery"));
  if (::ftruncate(block_.get(), static_cast<off_t>(size)) != 0) return sys::errno_error("ftruncate");
  auto* bytes = static_cast<unsigned char*>(TRY(lock(block_.get(), size, true)));

  const DeliveryHeader header{child::kDeliveryMagic, static_cast<uint32_t>(pieces.size()), size};
  std::memcpy(bytes, &header, sizeof header);
  size_t at = sizeof header + pieces.size() * sizeof(DeliveryEntry);
  const auto put = [&](const void* from, size_t count) {
    if (count != 0) std::memcpy(bytes + at, from, count);
    at += count;
  };
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    DeliveryEntry entry{piece.kind, piece.number, at, 0, piece.bytes()};
    put(piece.name.c_str(), piece.name.size() + 1);
    entry.bytes_at = at;
    put(piece.before.data(), piece.before.size());
    if (piece.value != nullptr)
      piece.value->reveal([&](std::span<const std::byte> value) { put(value.data(), value.size()); });
    if (piece.ends_with_nul) put("", 1);
    std::memcpy(bytes + sizeof header + i * sizeof entry, &entry, sizeof entry);
  }
  // Nobody who receives it can write or resize it; this process's own mapping still can, to wipe it.
  return sys::add_seals(block_.get(), abi::kSealGrow | abi::kSealShrink | abi::kSealFutureWrite | abi::kSealSeal);
}

Status DeliveryBlock::add_descriptor(const PreparedSecret& secret) {
  UniqueFd fd = TRY(sys::memfd("confide-secret"));
  TRY(secret.value.reveal([&](std::span<const std::byte> value) { return sys::write_all(fd.get(), value); }));
  TRY(sys::add_seals(fd.get(), abi::kSealGrow | abi::kSealShrink | abi::kSealWrite | abi::kSealSeal));
  if (secret.value.size() != 0) TRY(lock(fd.get(), secret.value.size(), false));
  // A file description of its own: read-only, at the beginning.
  descriptors_.push_back(TRY(sys::openat(AT_FDCWD, cat("/proc/self/fd/", fd.get()), O_RDONLY)));
  return {};
}

std::vector<int> DeliveryBlock::descriptors() const {
  std::vector<int> all = {block_.get()};
  for (const UniqueFd& fd : descriptors_) all.push_back(fd.get());
  return all;
}

void DeliveryBlock::wipe() {
  for (const Mapping& mapping : mappings_) {
    if (mapping.writable) confide::wipe(mapping.address, mapping.size);
    ::munmap(mapping.address, mapping.size);
  }
  mappings_.clear();
  descriptors_.clear();
  block_.reset();
}

}  // namespace confide::broker
