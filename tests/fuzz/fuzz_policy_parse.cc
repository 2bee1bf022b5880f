// Any text as each kind of policy file: a document or complaints, and every profile of it resolves or is refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/parse.h"
#include "policy/resolve.h"
#include "policy/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace confide::policy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Role role : {Role::kProject, Role::kUser, Role::kAdministrator}) {
    auto document = parse(text, "fuzz.toml", {.role = role});
    if (document.has_value() != check(text, "fuzz.toml", {.role = role}).empty()) std::abort();
    if (!document) continue;
    // What was parsed keeps its promises: it decodes.
    const auto again = decode_document(encode(*document));
    if (!again || *again != *document) std::abort();
    ResolveInput input{
        .place = {
            .home = "/home/me", .cwd = "/home/me/p", .project = "/home/me/p", .path_variable = "/home/me/go/bin"}};
    if (role == Role::kAdministrator)
      input.administrators.push_back(*document);
    else
      input.project_file = *document;
    for (const ProfileText& profile : document->profiles) {
      input.flags.profile = Flag{profile.name, "--profile"};
      const auto policy = resolve(input);
      if (policy && !decode_policy(encode(*policy))) std::abort();
    }
    input.flags.profile.reset();
    const auto policy = resolve(input);
    if (policy && !decode_policy(encode(*policy))) std::abort();
  }
  return 0;
}
