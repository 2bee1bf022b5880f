// One write to a vault, to be killed anywhere: vault_writer DIR NAME VALUE; vault_writer DIR prints what is there.
#include <fcntl.h>

#include <cstdio>
#include <string_view>

#include "base/sys.h"
#include "secrets/vault/vault.h"

using namespace confide;

namespace {

Status work(int argc, char** argv) {
  const UniqueFd folder = TRY(sys::openat(AT_FDCWD, argv[1], O_RDONLY | O_DIRECTORY));
  const bool there = TRY(vault::Vault::exists(folder.get(), argv[1]));
  vault::Vault vault = there ? TRY(vault::Vault::open(folder.get(), argv[1], {}))
                             : TRY(vault::Vault::create(folder.get(), argv[1], vault::KeyKind::kFile, {}));
  secrets::SecretArena arena;
  if (argc == 4) {
    const auto value = TRY(arena.copy_from(std::as_bytes(std::span(std::string_view(argv[3])))));
    const vault::NewVersion version{.name = argv[2], .value = &value, .expires = {}, .generated = {}};
    TRY(vault.put({&version, 1}));
    return {};
  }
  for (const auto& [name, entry] : vault.index().entries) {
    for (const vault::Version& version : entry.versions) {
      const auto value = TRY(vault.get(name, version.number, arena));
      value.reveal([&](std::span<const std::byte> bytes) {
        const auto text = secrets::as_text(bytes);
        std::printf("%s %.*s\n", name.c_str(), static_cast<int>(text.size()), text.data());
      });
    }
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) return 2;
  const auto done = work(argc, argv);
  if (!done) (void)std::fprintf(stderr, "%s\n", to_text(done.error()).c_str());
  return done ? 0 : 1;
}
