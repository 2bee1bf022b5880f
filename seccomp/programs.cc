#include "seccomp/programs.h"

namespace confide::seccomp {
namespace {

#include "programs.inc"  // k{Tool,Agent}{,Local}Program, k{Tool,Agent}Summary, kBrokerProgram

}  // namespace

std::span<const sock_filter> program(Profile profile, Sockets sockets) {
  const bool local = sockets == Sockets::kLocalOnly;
  switch (profile) {
    case Profile::kTool: return local ? std::span<const sock_filter>(kToolLocalProgram) : kToolProgram;
    case Profile::kAgent: return local ? std::span<const sock_filter>(kAgentLocalProgram) : kAgentProgram;
  }
  return kToolLocalProgram;
}

Summary summary(Profile profile) {
  switch (profile) {
    case Profile::kTool: return kToolSummary;
    case Profile::kAgent: return kAgentSummary;
  }
  return kToolSummary;
}

std::span<const sock_filter> broker_program() { return kBrokerProgram; }

}  // namespace confide::seccomp
