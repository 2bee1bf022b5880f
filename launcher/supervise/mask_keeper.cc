#include "launcher/supervise/mask_keeper.h"

#include <sys/stat.h>

#include <vector>

#include "base/text.h"
#include "launcher/supervise/mask_again.h"

namespace confide::launcher {
namespace {

// Most commands are over before: they pay nothing for a watch. It begins with a look at what has changed meanwhile.
constexpr int64_t kUnwatchedMs = 20;

const WatchStep* watch_step(const LaunchPlan& plan) {
  for (const Step& step : plan.steps)
    if (const auto* action = std::get_if<WatchStep>(&step.action)) return action;
  return nullptr;
}

bool is_file(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode);
}

}  // namespace

void MaskKeeper::say(const Event& event) const {
  if (on_event_) on_event_(event);
}

void MaskKeeper::begin(UniqueFd mount_namespace, int64_t now_ms) {
  namespace_ = std::move(mount_namespace);
  if (watches()) begin_at_ = now_ms + kUnwatchedMs;
}

std::optional<int64_t> MaskKeeper::deadline_ms() const {
  if (!watches()) return {};
  return begin_at_ ? begin_at_ : watch_->deadline_ms();
}

std::optional<LaunchFailure> MaskKeeper::step(int64_t now_ms) {
  if (watches() && begin_at_ && now_ms >= *begin_at_) begin_watch();
  if (watches()) return renew(now_ms);
  return {};
}

void MaskKeeper::begin_watch() {
  begin_at_.reset();
  const auto begun = watch_->begin();
  if (begun) return;
  say(Remark{cat("masked files are not watched: ", to_text(begun.error()))});
  watch_ = nullptr;
}

std::optional<LaunchFailure> MaskKeeper::renew(int64_t now_ms) {
  const WatchStep* watch = watch_step(plan_);
  const std::vector<std::string> paths = watch_->changed(now_ms);
  if (watch == nullptr || paths.empty()) return {};
  std::vector<MaskAgain> orders;
  for (const std::string& path : paths) orders.push_back({path, file_over(path).value_or(watch->empty)});
  const auto outcomes = mask_again(namespace_.get(), orders);
  std::optional<LaunchFailure> failure;
  for (size_t i = 0; i < paths.size(); ++i) {
    const MaskOutcome outcome = outcomes ? (*outcomes)[i] : MaskOutcome::kFailed;
    if (outcome == MaskOutcome::kAlready) continue;
    // Gone inside and there outside: a folder above was renamed inside, and the file is to be had by another name.
    if (outcome == MaskOutcome::kGone && !is_file(paths[i])) continue;
    const std::string name = printable(paths[i]);
    if (watch->on_change == policy::Masks::OnChange::kEndRun) {
      failure = LaunchFailure{
          {ErrorKind::kRefused, 0,
           cat(name,
               " is masked and appeared or was replaced during the run, which mask.on-change = \"end-run\" ends")}};
    } else if (outcome == MaskOutcome::kMasked) {
      say(MaskRenewed{paths[i]});
    } else {
      say(Remark{cat(name, " appeared or was replaced during the run, and could not be masked again")});
    }
  }
  return failure;
}

// Where a secret's file stands over what is masked, that is put there again.
std::optional<std::string> MaskKeeper::file_over(const std::string& path) const {
  for (const Step& step : plan_.steps)
    if (const auto* view = std::get_if<ViewStep>(&step.action); view != nullptr && view->target == path)
      return view->source;
  return {};
}

}  // namespace confide::launcher
