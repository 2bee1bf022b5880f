#include "secrets/resolve.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/sys.h"
#include "base/text.h"

namespace confide::secrets {

namespace {

using policy::Reference;
using policy::Scheme;

Error refuse(const Reference& reference, std::string_view cause, int errnum = 0) {
  std::string what = printable(reference.text);
  if (!cause.empty()) what = cat(what, ": ", cause);
  return Error{ErrorKind::kRefused, errnum, std::move(what)};
}

// Reading failed: the reference is not resolved (kRefused), unless it is our memory that is short.
Result<SecretBuffer> read_named(const Reference& reference, int fd, ResolveContext& context) {
  auto value = read_fd(context.arena, fd, context.limit, reference.text);
  if (!value && value.error().kind == ErrorKind::kSystem) return refuse(reference, {}, value.error().errnum);
  return value;
}

Status must_be_regular(const Reference& reference, int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return refuse(reference, {}, errno);
  if (S_ISDIR(about.st_mode)) return refuse(reference, "is a folder, not a file");
  if (!S_ISREG(about.st_mode)) return refuse(reference, "is not a regular file (stdin: and fd:N read pipes)");
  return {};
}

// The type is asked on an O_PATH descriptor first, because opening a device may already do something, and again on the
// descriptor that is read, because the name may have been moved in between.
Result<SecretBuffer> resolve_file(const Reference& reference, ResolveContext& context) {
  const std::string& path = std::get<policy::FileEntry>(reference.parts).path;
  const auto place = sys::openat(AT_FDCWD, path, O_PATH);
  if (!place) return refuse(reference, {}, place.error().errnum);
  TRY(must_be_regular(reference, place->get()));
  const auto file = sys::openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) return refuse(reference, {}, file.error().errnum);
  TRY(must_be_regular(reference, file->get()));
  return read_named(reference, file->get(), context);
}

Result<SecretBuffer> resolve_env(const Reference& reference, ResolveContext& context) {
  if (context.environ == nullptr) return refuse(reference, "no environment was handed over to this run");
  Result<SecretBuffer> value = refuse(reference, "the variable is not set");
  context.environ->find(std::get<policy::NamedSecret>(reference.parts).name, [&](std::span<const std::byte> bytes) {
    if (bytes.size() > context.limit) {
      value = refuse(reference, cat("is larger than the limit of ", context.limit, " bytes for one secret"));
    } else {
      value = context.arena.copy_from(bytes);
    }
  });
  return value;
}

Result<SecretBuffer> resolve_fd(const Reference& reference, ResolveContext& context) {
  const int number = std::get<policy::Descriptor>(reference.parts).number;
  const auto handed = std::ranges::find(context.descriptors, number, &HandedDescriptor::number);
  if (handed == context.descriptors.end()) return refuse(reference, "this descriptor was not handed over");
  const UniqueFd fd = std::move(handed->fd);
  if (!fd.valid()) return refuse(reference, "was read already; a descriptor gives its value once");
  return read_named(reference, fd.get(), context);
}

Result<SecretBuffer> resolve_stdin(const Reference& reference, ResolveContext& context) {
  const UniqueFd fd = std::move(context.standard_input);
  if (!fd.valid()) return refuse(reference, "standard input was not handed over, or was read already");
  return read_named(reference, fd.get(), context);
}

Result<SecretBuffer> resolve_stored(const Reference& reference, ResolveContext& context) {
  if (!context.stored) return refuse(reference, "the embedded vault is not at hand here");
  auto value = context.stored(std::get<policy::StoredSecret>(reference.parts));
  if (!value && value.error().kind == ErrorKind::kRefused) return refuse(reference, to_text(value.error()));
  return value;
}

}  // namespace

bool is_supported(Scheme scheme) {
  return scheme == Scheme::kFile || scheme == Scheme::kEnv || scheme == Scheme::kFd || scheme == Scheme::kStdin ||
         scheme == Scheme::kConfide;
}

Result<SecretBuffer> resolve(const Reference& reference, ResolveContext& context) {
  switch (reference.scheme) {
    case Scheme::kFile: return resolve_file(reference, context);
    case Scheme::kEnv: return resolve_env(reference, context);
    case Scheme::kFd: return resolve_fd(reference, context);
    case Scheme::kStdin: return resolve_stdin(reference, context);
    case Scheme::kConfide: return resolve_stored(reference, context);
    case Scheme::kOp:
    case Scheme::kVault:
    case Scheme::kConnect:
    case Scheme::kSops:
    case Scheme::kAge:
    case Scheme::kAwsSm:
    case Scheme::kGcpSm:
    case Scheme::kDoppler:
    case Scheme::kInfisical:
    case Scheme::kPass:
    case Scheme::kGopass:
    case Scheme::kBitwarden:
    case Scheme::kSecretService:
    case Scheme::kSystemdCred:
    case Scheme::kKeyring:
    case Scheme::kExec: break;
  }
  return refuse(reference, cat("this build has no provider for ", policy::prefix_of(reference.scheme)));
}

}  // namespace confide::secrets
