#include "launcher/launcher.h"

#include <sys/prctl.h>

#include "base/text.h"
#include "launcher/host/probe.h"
#include "launcher/host/survey.h"
#include "launcher/supervise/run.h"
#include "launcher/supervise/stdio.h"

namespace confide::launcher {
namespace {

HostFacts complete(HostFacts facts, const policy::Limits& limits) {
  if (limits.memory_bytes || limits.pids || limits.cpus) probe_cgroup(facts);
  return facts;
}

// Takes from the facts what a failed launch has disproved. False: nothing was learnt, so trying again is pointless.
bool learn(HostFacts& facts, const RunFailure& failure) {
  if (!failure.disproved) return false;
  switch (*failure.disproved) {
    case policy::Layer::kNamespaces:
      if (!facts.user_namespaces.available) return false;
      facts.user_namespaces = {false, why_no_user_namespace(failure.errnum)};
      return true;
    case policy::Layer::kOwnProc:
      if (!facts.own_proc.available) return false;
      facts.own_proc = {false, why_no_own_proc(failure.errnum)};
      return true;
    case policy::Layer::kIdmap:
      if (!facts.idmapped_mounts.available) return false;
      facts.idmapped_mounts = {false, failure.error.what};
      return true;
    case policy::Layer::kNetwork:
    case policy::Layer::kLandlock:
    case policy::Layer::kSeccomp:
    case policy::Layer::kKeyring:
    case policy::Layer::kCgroup: return false;
  }
  return false;
}

}  // namespace

Result<Outcome> launch(const LaunchRequest& request, const LaunchHooks& hooks) {
  // Before anything is held: no other process of this uid may look in (prctl(2)); inherited by the clone.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const Stdio stdio = TRY(check_stdio(hooks.stdio));
  BuildInput input{.policy = request.policy,
                   .host = complete(request.host, request.policy.limits),
                   .scene = survey(request.policy, request.caller),
                   .command = request.command,
                   .secrets = request.secrets};
  input.scene.caller.terminals = stdio.terminals;
  for (;;) {
    const LaunchPlan plan = TRY(build(input));
    if (hooks.on_event) hooks.on_event(Planned{plan});
    auto outcome = run(plan, request, hooks, stdio);
    if (outcome) return std::move(*outcome);
    if (!learn(input.host, outcome.error())) return std::move(outcome.error().error);
  }
}

Result<LaunchPlan> plan_launch(const LaunchRequest& request) {
  return build({.policy = request.policy,
                .host = complete(request.host, request.policy.limits),
                .scene = survey(request.policy, request.caller),
                .command = request.command,
                .secrets = request.secrets});
}

Result<Caller> look_at_caller_from_environment() { return look_at_caller(HomeFrom::kEnvironment); }
Result<Caller> look_at_caller_from_account() { return look_at_caller(HomeFrom::kAccount); }
HostFacts host_facts() { return probe_quickly(); }
HostFacts host_facts_by_trying() { return probe_by_trying(); }

}  // namespace confide::launcher
