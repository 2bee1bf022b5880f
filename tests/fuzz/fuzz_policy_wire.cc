// Any bytes as a policy and as a document: a value or an error, and what decodes has this one encoding.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "policy/resolve.h"
#include "policy/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace confide::policy;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto policy = decode_policy(bytes); policy && encode(*policy) != bytes) std::abort();
  const auto document = decode_document(bytes);
  if (!document) return 0;
  if (encode(*document) != bytes) std::abort();
  ResolveInput input{.project_file = *document,
                     .place = {.home = "/home/me", .cwd = "/home/me/p", .project = "/home/me/p"}};
  for (const ProfileText& profile : document->profiles) {
    input.flags.profile = Flag{profile.name, "--profile"};
    (void)resolve(input).has_value();
  }
  return 0;
}
