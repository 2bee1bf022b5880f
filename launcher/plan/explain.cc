#include "launcher/plan/explain.h"

#include <sched.h>

#include <cstring>
#include <utility>

#include "base/kernel_abi.h"
#include "base/overloaded.h"
#include "base/text.h"

namespace confide::launcher {
namespace {

using policy::Access;

std::string namespaces_text(uint64_t flags) {
  constexpr std::pair<uint64_t, const char*> kNames[] = {
      {CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mount"}, {CLONE_NEWPID, "pid"},      {CLONE_NEWNET, "net"},
      {CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"},  {CLONE_NEWCGROUP, "cgroup"}};
  std::string out;
  for (const auto& [flag, name] : kNames) {
    if ((flags & flag) == 0) continue;
    if (!out.empty()) out += ' ';
    out += name;
  }
  return out.empty() ? "no namespaces" : out;
}

const char* access_text(Access access) {
  switch (access) {
    case Access::kRead: return "ro";
    case Access::kWrite: return "rw";
    case Access::kHide: return "hidden";
    case Access::kProtect: return "protected";
  }
  return "";
}

std::string landlock_text(const LandlockStep& step) {
  std::string read;
  std::string write;
  size_t reads = 0;
  size_t writes = 0;
  constexpr size_t kShown = 4;
  for (const LandlockPath& rule : step.rules) {
    const bool writable = (rule.access & abi::kFsWriteFile) != 0;
    size_t& count = writable ? writes : reads;
    if (++count > kShown) continue;
    (writable ? write : read) += cat(" ", printable(rule.path));
  }
  std::string out = cat("ABI ", step.abi, ":");
  const auto add = [&](const char* what, const std::string& list, size_t count) {
    if (count == 0) return;
    out += cat(" ", what, list);
    if (count > kShown) out += cat(" and ", count - kShown, " more");
    out += ';';
  };
  add("read", read, reads);
  add("write", write, writes);
  if (step.handled_fs == 0) out += " files left to the mount namespace;";
  if (step.handled_net != 0) out += " no TCP;";
  out += step.scoped != 0 ? " signals and abstract sockets stay inside" : " no scopes on this kernel";
  return out;
}

}  // namespace

// A row for each kind of step. NOLINTNEXTLINE(readability-function-cognitive-complexity,readability-function-size)
StepText describe(const Action& action) {
  return std::visit(
      Overloaded{
          [](const CloneStep& s) {
            return StepText{"clone", namespaces_text(s.namespaces)};
          },
          [](const CgroupStep& s) {
            std::string text = s.parent;
            if (s.memory_bytes) text += cat(" memory ", *s.memory_bytes);
            if (s.pids) text += cat(" pids ", *s.pids);
            if (s.cpus) text += cat(" cpu ", static_cast<long>(*s.cpus * 100), "%");
            return StepText{"cgroup", std::move(text)};
          },
          [](const IdentityStep& s) {
            return StepText{"identity", cat("uid ", s.inside.uid, " gid ", s.inside.gid, " inside, ", s.kernel.uid, ":",
                                            s.kernel.gid, " outside")};
          },
          [](const ChangeIdsStep& s) {
            return StepText{"identity", cat("uid ", s.to.uid, " gid ", s.to.gid)};
          },
          [](const RootStep& s) {
            return StepText{"root",
                            s.base == policy::System::kWholeRoot ? "the host's whole tree" : "a new, empty one"};
          },
          [](const MakeFolder& s) {
            return StepText{"folder", printable(s.path)};
          },
          [](const FileStep& s) {
            return StepText{"file", cat(printable(s.path), " (", s.content.size(), " bytes)")};
          },
          [](const LinkStep& s) {
            return StepText{"link", cat(printable(s.path), " -> ", printable(s.points_to))};
          },
          [](const BindStep& s) {
            const std::string& source = s.source.canonical.empty() ? s.source.requested : s.source.canonical;
            std::string text = cat(printable(source), " -> ", printable(s.target), " (", access_text(s.access), ")");
            if (s.idmap) text += cat(" owner ", s.idmap->disk.uid, " as ", s.idmap->kernel.uid);
            return StepText{"bind", std::move(text)};
          },
          [](const PrivateStep& s) {
            return StepText{"private", printable(s.path)};
          },
          [](const FilesystemStep& s) {
            return StepText{"mount", cat(s.type, " ", s.target, s.options.empty() ? "" : cat(" (", s.options, ")"))};
          },
          [](const SealStep& s) {
            std::vector<std::string> shown;
            for (const std::string& path : s.writable) shown.push_back(printable(path));
            return StepText{"seal", cat("all of it read-only, nosuid, nodev; writable: ",
                                        shown.empty() ? "nothing" : join(shown, " "))};
          },
          [](const DevicesStep& s) {
            return StepText{"devices", join(s.names, " ")};
          },
          [](const MaskStep& s) {
            return StepText{s.reason == MaskReason::kMasked ? "mask" : "hide", printable(s.path)};
          },
          [](const CoverStep& s) {
            std::vector<std::string> shown;
            for (const CoveredName& name : s.names) shown.push_back(printable(name.name));
            return StepText{"cover",
                            cat("not there and not to be made in ", printable(s.folder), ": ", join(shown, " "))};
          },
          [](const NoNamespacesStep&) {
            return StepText{"namespaces", "none can be made inside (user.max_user_namespaces = 0)"};
          },
          [](const WatchStep& s) {
            const bool ends = s.on_change == policy::Masks::OnChange::kEndRun;
            return StepText{"watch", cat("masked names in ", printable(s.folder),
                                         ends ? "; the run ends when one appears" : "; masked again when one appears")};
          },
          [](const LoopbackStep&) {
            return StepText{"loopback", "up"};
          },
          [](const PivotStep&) {
            return StepText{"pivot", "into the new root; the old one is gone"};
          },
          [](const SessionStep& s) {
            return StepText{"session", s.terminals == 0 ? "new" : "new, with a terminal of its own"};
          },
          [](const KeyringStep&) {
            return StepText{"keyring", "new session keyring"};
          },
          [](const LimitsStep& s) {
            std::string text;
            for (const Rlimit& limit : s.limits)
              text +=
                  limit.name == "core" ? "no core dumps" : cat(text.empty() ? "" : ", ", limit.name, " ", limit.value);
            return StepText{"limits", std::move(text)};
          },
          [](const SecretsStep& s) {
            std::vector<std::string> shown;
            for (const SecretSlot& slot : s.slots)
              shown.push_back(cat(printable(slot.name), " (", policy::name_of(slot.deliver), ")"));
            return StepText{"deliver", join(shown, ", ")};
          },
          [](const ViewStep& s) {
            return StepText{"view", cat(printable(s.target), " (", printable(s.secret), ")")};
          },
          [](const LandlockStep& s) {
            return StepText{"landlock", landlock_text(s)};
          },
          [](const PrivilegesStep&) {
            return StepText{"privileges", "no_new_privs, no capability in any set"};
          },
          [](const VerifyStep& s) {
            return StepText{"verify", cat("capabilities", s.own_proc ? ", own procfs, descriptors" : "",
                                          s.read_only.empty() ? "" : ", read-only ", s.read_only)};
          },
          [](const SeccompStep& s) {
            std::string text = policy::name_of(s.profile);
            if (s.sockets == Sockets::kLocalOnly) text += ", sockets of AF_UNIX only";
            return StepText{"seccomp", std::move(text)};
          },
          [](const DirectoryStep& s) {
            return StepText{"directory", printable(s.path)};
          },
          [](const ExecStep& s) {
            std::string text;
            for (const std::string& word : s.argv) text += cat(text.empty() ? "" : " ", shell_quote(printable(word)));
            return StepText{"exec", std::move(text)};
          },
      },
      action);
}

std::string explain(const LaunchPlan& plan) {
  std::string out;
  size_t number = 0;
  for (const Step& step : plan.steps) {
    const StepText text = describe(step.action);
    std::string line = cat(++number, "  ", text.verb);
    if (number < 10)
      line.insert(0, "  ");
    else if (number < 100)
      line.insert(0, " ");
    constexpr size_t kTextColumn = 16;
    constexpr size_t kOriginColumn = 72;
    if (line.size() < kTextColumn) line.resize(kTextColumn, ' ');
    line += ' ';
    line += text.text;
    if (line.size() < kOriginColumn) line.resize(kOriginColumn, ' ');
    out += cat(line, "  ", step.origin, "\n");
  }
  for (const LayerState& layer : plan.layers) {
    out += cat(layer.applied ? "layer " : "LOST  ", policy::name_of(layer.layer), layer.note.empty() ? "" : ": ",
               layer.note, "\n");
  }
  for (const std::string& remark : plan.remarks) out += cat("note  ", remark, "\n");
  return out;
}

std::string step_error(const LaunchPlan& plan, size_t step, int errnum) {
  if (step >= plan.steps.size()) return cat("step ", step + 1, ": ", ::strerrordesc_np(errnum));
  const StepText text = describe(plan.steps[step].action);
  return cat("step ", step + 1, ", ", text.verb, " ", text.text, ": ", ::strerrordesc_np(errnum));
}

}  // namespace confide::launcher
