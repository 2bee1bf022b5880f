// Build-time generator: writes programs.inc, the finished filters, and refuses to if our program, libseccomp's and the
// spec disagree anywhere in the sweep. Usage: confide-seccomp-generate OUTPUT
#include <cstdio>
#include <fstream>
#include <string>

#include "base/result.h"
#include "base/text.h"
#include "seccomp/coalesce.h"
#include "seccomp/compare.h"
#include "seccomp/compile.h"
#include "seccomp/describe.h"
#include "seccomp/profiles.h"

namespace confide::seccomp {
namespace {

Result<std::string> array_of(Profile profile, std::string_view prefix) {
  const FilterSpec spec = filter_of(profile);
  const std::vector<sock_filter> programs[] = {TRY(coalesce(spec)), TRY(compile_with_libseccomp(spec, Layout::kTree))};
  TRY(prove_equal(spec, programs));

  const Summary counts = summary_of(profile);
  std::string text = cat("// ", summary_text(profile, counts), ": ", programs[0].size(),
                         " instructions (libseccomp: ", programs[1].size(), ").\n");
  text += cat("constexpr sock_filter k", prefix, "Program[] = {\n");
  for (const sock_filter& i : programs[0])
    text += cat("    {", i.code, ", ", unsigned{i.jt}, ", ", unsigned{i.jf}, ", ", i.k, "U},\n");
  text += "};\n";
  text += cat("constexpr Summary k", prefix, "Summary{.allowed = ", counts.allowed, ", .refused = ", counts.refused,
              ", .by_argument = ", counts.by_argument, "};\n");
  return text;
}

Status generate(const char* output) {
  std::string text = "// Written by seccomp/generate_main.cc; do not edit.\n";
  text += TRY(array_of(Profile::kTool, "Tool"));
  text += TRY(array_of(Profile::kAgent, "Agent"));
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
    std::fputs("usage: confide-seccomp-generate OUTPUT\n", stderr);
    return 2;
  }
  if (const auto status = confide::seccomp::generate(argv[1]); !status) {
    std::fprintf(stderr, "%s\n", confide::to_text(status.error()).c_str());
    return 1;
  }
  return 0;
}
