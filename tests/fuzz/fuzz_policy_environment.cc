// Any environment: every variable passes as it was or is removed with a reason, and no name passes twice.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/environment.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace confide::policy;
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<const char*> caller;
  for (size_t at = 0; at < text.size();
       at = text.find('\0', at) == std::string::npos ? text.size() : text.find('\0', at) + 1)
    caller.push_back(text.c_str() + at);
  for (const CarriesSecrets secrets : {CarriesSecrets::kNo, CarriesSecrets::kYes}) {
    const EnvDecision decision = decide_environment(caller, {}, secrets, {});
    if (decision.passed.size() + decision.removed.size() != caller.size()) std::abort();
    std::set<std::string> names;
    for (const std::string& entry : decision.passed)
      if (!names.insert(entry.substr(0, entry.find('='))).second) std::abort();
    for (const Removed& removed : decision.removed)
      if (removed.reason.empty()) std::abort();
  }
  return 0;
}
