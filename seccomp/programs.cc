#include "seccomp/programs.h"

namespace confide::seccomp {
namespace {

#include "programs.inc"  // kToolProgram, kToolSummary, kAgentProgram, kAgentSummary

}  // namespace

std::span<const sock_filter> program(Profile profile) {
  switch (profile) {
    case Profile::kTool: return kToolProgram;
    case Profile::kAgent: return kAgentProgram;
  }
  return kToolProgram;
}

Summary summary(Profile profile) {
  switch (profile) {
    case Profile::kTool: return kToolSummary;
    case Profile::kAgent: return kAgentSummary;
  }
  return kToolSummary;
}

}  // namespace confide::seccomp
