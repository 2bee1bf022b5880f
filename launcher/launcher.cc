#include "launcher/launcher.h"

#include <sys/prctl.h>
#include <unistd.h>

#include "base/text.h"
#include "launcher/host/git_index.h"
#include "launcher/host/masks.h"
#include "launcher/host/probe.h"
#include "launcher/host/survey.h"
#include "launcher/supervise/run.h"
#include "launcher/supervise/stdio.h"
#include "policy/mask_names.h"
#include "policy/paths.h"

namespace confide::launcher {
namespace {

// What a plan is made of besides the request.
struct Surroundings {
  HostFacts host;
  Scene scene;

  BuildInput with(const LaunchRequest& request) const {
    return {request.policy, host, scene, request.command, request.secrets};
  }
};

HostFacts complete(HostFacts facts, const policy::Limits& limits) {
  if (limits.memory_bytes || limits.pids || limits.cpus) probe_cgroup(facts);
  return facts;
}

// Takes from the facts what a failed launch has disproved. False: nothing was learnt, so trying again is pointless.
bool learn(Surroundings& around, const LaunchFailure& failure) {
  HostFacts& facts = around.host;
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
      if (failure.path.empty())
        facts.idmapped_mounts = {false, to_text(failure.error)};
      else
        around.scene.not_idmapped.push_back(failure.path);
      return true;
    case policy::Layer::kLandlock:
      if (facts.landlock_abi == 0) return false;
      facts.landlock_abi = 0;
      return true;
    case policy::Layer::kSeccomp:
      if (!facts.seccomp.available) return false;
      facts.seccomp = {false, failure.error.what};
      return true;
    case policy::Layer::kNetwork:
    case policy::Layer::kKeyring:
    case policy::Layer::kCgroup: return false;
  }
  return false;
}

// Null where there is nothing to watch. Where a change would end the run, a watch that cannot be had is an error.
Result<std::unique_ptr<MaskWatch>> watch_masks(const LaunchRequest& request, const Scene& scene) {
  if (scene.mask_search.watched.empty()) return std::unique_ptr<MaskWatch>();
  // Only a project has what is watched. NOLINTNEXTLINE(bugprone-unchecked-optional-access)
  auto watch = std::make_unique<MaskWatch>(request.policy.masks, *request.caller.project);
  watch->follow(scene.masks);
  if (request.policy.masks.on_change == policy::Masks::OnChange::kEndRun) TRY(watch->begin());
  return watch;
}

// Says the plan when it stands, not while it may still be made anew: before whatever else there is to say.
class Announcer {
 public:
  Announcer(const LaunchHooks& hooks, const LaunchPlan& plan) : hooks_(hooks), told_(hooks), plan_(plan) {
    if (hooks.on_event) told_.on_event = [this](const Event& event) { announce(), hooks_.on_event(event); };
  }
  Announcer(const Announcer&) = delete;
  Announcer& operator=(const Announcer&) = delete;

  const LaunchHooks& hooks() const { return told_; }
  void announce() {
    if (announced_ || !hooks_.on_event) return;
    announced_ = true;
    hooks_.on_event(Planned{plan_});
    for (const std::string& remark : plan_.remarks) hooks_.on_event(Remark{remark});
  }

 private:
  const LaunchHooks& hooks_;
  LaunchHooks told_;
  const LaunchPlan& plan_;
  bool announced_ = false;
};

Surroundings look_around(const LaunchRequest& request) {
  Surroundings around{complete(request.host, request.policy.limits), survey(request.policy, request.caller)};
  for (const SecretSlot& slot : request.secrets)
    if (!slot.path.empty()) around.scene.file_views.push_back(look_at(slot.path));
  return around;
}

// A young index is left as it is, so that many short runs do not each walk through the project.
std::function<void()> renewal_of_index(const policy::Policy& policy, const Scene& scene) {
  constexpr int64_t kYoungMs = 5000;
  if (scene.mask_search.by != MaskSearch::By::kIndex || scene.mask_search.index_age_ms < kYoungMs) return {};
  return [masks = policy.masks, caller = scene.caller] { renew_mask_index(masks, *caller.project, caller.cache); };
}

}  // namespace

Result<Outcome> launch(const LaunchRequest& request, const LaunchHooks& hooks) {
  // Before anything is held: no other process of this uid may look in (prctl(2)); inherited by the clone.
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const Stdio stdio = TRY(check_stdio(hooks.stdio));
  Surroundings around = look_around(request);
  around.scene.caller.terminals = stdio.terminals;
  const std::unique_ptr<MaskWatch> watch = TRY(watch_masks(request, around.scene));
  for (;;) {
    const LaunchPlan plan = TRY(build(around.with(request)));
    Announcer announcer(hooks, plan);
    auto outcome =
        run({plan, request, announcer.hooks(), stdio, watch.get(), renewal_of_index(request.policy, around.scene)});
    if (outcome) return std::move(*outcome);
    if (learn(around, outcome.error())) continue;
    announcer.announce();
    return std::move(outcome.error().error);
  }
}

Result<LaunchPlan> plan_launch(const LaunchRequest& request) { return build(look_around(request).with(request)); }

bool would_mask(const LaunchRequest& request, const std::string& real_path) {
  const auto scope = mask_scope(request.policy, request.caller);
  if (!scope || !real_path.starts_with(scope->folder.canonical + "/")) return false;
  const std::string name = real_path.substr(scope->folder.canonical.size() + 1);
  if (policy::is_masked(name, policy::Tracked::kYes, scope->masks)) return true;
  if (!policy::is_masked(name, policy::Tracked::kNo, scope->masks)) return false;
  return !tracked_names(scope->folder, std::span(&name, 1))[0];
}

std::string masked_file_in(const LaunchRequest& request, const std::string& real_path) {
  const auto scope = mask_scope(request.policy, request.caller);
  if (!scope) return {};
  for (const PathFact& file : find_masks(scope->masks, scope->folder, request.caller.cache).files)
    if (policy::is_within(file.canonical, real_path)) return file.canonical;
  return {};
}

Result<Caller> look_at_caller_from_environment() { return look_at_caller(HomeFrom::kEnvironment); }
Result<Caller> look_at_caller_from_account() { return look_at_caller(HomeFrom::kAccount); }
std::string home_of_account() { return account_home(::getuid()); }
HostFacts host_facts() { return probe_quickly(); }
HostFacts host_facts_by_trying() { return probe_by_trying(); }

}  // namespace confide::launcher
