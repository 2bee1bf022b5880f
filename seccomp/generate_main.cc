// Build-time generator: writes programs.inc, the finished filters, and refuses to if our program, libseccomp's and the
// spec disagree anywhere in the sweep. Usage: confide-seccomp-generate OUTPUT
#include <cstdio>
#include <fstream>
#include <string>

#include "base/result.h"
#include "base/text.h"
#include "seccomp/broker_filter.h"
#include "seccomp/coalesce.h"
#include "seccomp/compare.h"
#include "seccomp/compile.h"
#include "seccomp/describe.h"
#include "seccomp/profiles.h"

namespace confide::seccomp {
namespace {

Result<std::string> array_of(const FilterSpec& spec, std::string_view name) {
  const std::vector<sock_filter> programs[] = {TRY(coalesce(spec)), TRY(compile_with_libseccomp(spec, Layout::kTree))};
  TRY(prove_equal(spec, programs));

  std::string text = cat("// ", programs[0].size(), " instructions (libseccomp: ", programs[1].size(), ").\n",
                         "constexpr sock_filter k", name, "Program[] = {\n");
  for (const sock_filter& i : programs[0])
    text += cat("    {", i.code, ", ", unsigned{i.jt}, ", ", unsigned{i.jf}, ", ", i.k, "U},\n");
  return text + "};\n";
}

std::string summary_of(Profile profile, std::string_view name) {
  const Summary counts = summary_of(profile);
  return cat("// ", summary_text(profile, counts), ".\nconstexpr Summary k", name,
             "Summary{.allowed = ", counts.allowed, ", .refused = ", counts.refused,
             ", .by_argument = ", counts.by_argument, "};\n");
}

Status generate(const char* output) {
  std::string text = "// Written by seccomp/generate_main.cc; do not edit.\n";
  text += TRY(array_of(filter_of(Profile::kTool, Sockets::kInternet), "Tool"));
  text += TRY(array_of(filter_of(Profile::kTool, Sockets::kLocalOnly), "ToolLocal"));
  text += TRY(array_of(filter_of(Profile::kAgent, Sockets::kInternet), "Agent"));
  text += TRY(array_of(filter_of(Profile::kAgent, Sockets::kLocalOnly), "AgentLocal"));
  text += TRY(array_of(broker_filter(), "Broker"));
  text += summary_of(Profile::kTool, "Tool");
  text += summary_of(Profile::kAgent, "Agent");
  std::ofstream file(output, std::ios::trunc);
  file << text;
  file.close();
  if (!file) return Error{ErrorKind::kSystem, 0, cat("writing ", output)};
  return {};
}

}  // namespace
}  // namespace confide::seccomp

int main(int argc, char** argv) {
  if (argc != 2) {
    (void)std::fputs("usage: confide-seccomp-generate OUTPUT\n", stderr);
    return 2;
  }
  if (const auto status = confide::seccomp::generate(argv[1]); !status) {
    (void)std::fprintf(stderr, "%s\n", confide::to_text(status.error()).c_str());
    return 1;
  }
  return 0;
}
