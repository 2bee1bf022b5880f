// confide doctor: what this kernel and this place allow, layer by layer; what is lost without each; how to get it.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/kernel_abi.h"
#include "base/text.h"
#include "base/unique_fd.h"
#include "cli/print.h"
#include "cli/verbs.h"
#include "launcher/launcher.h"

namespace confide::cli {
namespace {

constexpr const char* kHelp =
    "usage: confide doctor [--json]\n\n"
    "Tries every layer that a sandbox can use, as the calling user, and says what is lost without it and how to get "
    "it.\n"
    "Exit status 0 if profile `tool` can run with all of its layers, 1 if something is missing.\n\n"
    "examples:\n"
    "  confide doctor\n"
    "  confide doctor --json | jq '.layers[] | select(.works | not)'\n";

struct Finding {
  std::string layer;
  bool works = true;
  std::string detail;
  std::string lost;  // without it
};

Finding from(std::string layer, const launcher::Feature& feature, std::string lost) {
  return {std::move(layer), feature.available, feature.why_not, std::move(lost)};
}

// Where the broker's values lie; asked of the kernel as secrets/ asks.
Finding secret_memory() {
  const UniqueFd fd(static_cast<int>(::syscall(abi::kNrMemfdSecret, O_CLOEXEC)));
  rlimit locked{};
  (void)::getrlimit(RLIMIT_MEMLOCK, &locked);
  const std::string limit =
      locked.rlim_cur == RLIM_INFINITY ? "no limit" : cat("at most ", locked.rlim_cur >> 10, " KiB (ulimit -l)");
  return {"secret-memory", fd.valid(),
          fd.valid() ? cat("memfd_secret, ", limit)
                     : cat("no memfd_secret (Linux 5.14; secretmem.enable=1 on the kernel's command line below 6.5, or "
                           "a filter refuses it)"),
          cat("values lie in locked memory, left out of dumps and closed to other processes of yours, but root can "
              "read it; ",
              limit)};
}

std::vector<Finding> examine() {
  const launcher::HostFacts facts = launcher::host_facts_by_trying();
  std::vector<Finding> findings = {
      from("namespaces", facts.user_namespaces,
           "files are hidden by Landlock alone; no private home and /tmp; no file delivery"),
      from("own-proc", facts.own_proc, "other processes' names are visible (not their memory or environment)"),
      from("network", facts.network_namespace,
           "no loopback of its own; sockets but AF_UNIX are refused by the system call filter"),
      {"landlock", facts.landlock_abi >= 1,
       facts.landlock_abi == 0 ? "needs Linux 5.13 with `landlock` among the LSMs (lsm= on the kernel's command line)"
                               : cat("ABI ", facts.landlock_abi),
       "files are kept by the mount namespace alone"},
      {"landlock-scopes", facts.landlock_abi >= 6,
       facts.landlock_abi >= 6 ? "signals and abstract sockets"
                               : cat("needs Landlock ABI 6 (Linux 6.12), this kernel has ", facts.landlock_abi),
       "a command without a pid or network namespace can signal and reach other processes of the same user"},
      from("seccomp", facts.seccomp, "system calls are not filtered: profile tool refuses to run"),
      from("keyring", facts.session_keyring, "the caller's session keyring is left in place (its calls are filtered)"),
      {"cgroup", facts.cgroup.has_value(), facts.cgroup ? *facts.cgroup : facts.cgroup_why_not,
       "--memory and --cpu cannot be kept, and are refused"},
      secret_memory(),
  };
  if (::geteuid() == 0)
    findings.push_back(from("idmap", facts.idmapped_mounts,
                            "root's own files in the project belong to another uid inside, so they cannot be written"));
  return findings;
}

std::string text_of(const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& finding : findings) {
    std::string line = cat(finding.works ? "ok       " : "missing  ", finding.layer);
    line.resize(std::max<size_t>(line.size() + 2, 27), ' ');
    out += cat(line, finding.detail, "\n");
    if (!finding.works) out += cat("         without it: ", finding.lost, "\n");
  }
  return out;
}

std::string json_of(const std::vector<Finding>& findings) {
  nlohmann::ordered_json layers = nlohmann::ordered_json::array();
  for (const Finding& finding : findings) {
    nlohmann::ordered_json row = {{"layer", finding.layer}, {"works", finding.works}, {"detail", finding.detail}};
    if (!finding.works) row["lost"] = finding.lost;
    layers.push_back(std::move(row));
  }
  return nlohmann::ordered_json{{"layers", layers}}.dump(2) + "\n";
}

// What runs that are started from here are really protected against (docs/threat-model.md).
std::string level_text() {
  return ::geteuid() == 0 ? "assurance level 3 for runs started by root: the kernel denies their values to every "
                            "process of another uid, confined or not\n"
                          : "assurance level 0 against an unconfined process of your uid, which can read what you can; "
                            "1 where an agent's\n"
                            "commands are confined, 2 where the whole agent is (docs/threat-model.md)\n";
}

}  // namespace

int doctor_verb(Arguments arguments) {
  const std::string_view word = arguments.empty() ? "" : arguments[0];
  if (asks_for_help(arguments)) return put(kHelp) ? 0 : 125;
  if (arguments.size() > 1 || (!word.empty() && word != "--json"))
    return fail({ErrorKind::kUsage, 0, "doctor takes --json or nothing"});
  const std::vector<Finding> findings = examine();
  if (!put(word == "--json" ? json_of(findings) : text_of(findings) + level_text())) return 125;
  for (const Finding& finding : findings)
    if (!finding.works && finding.layer != "cgroup" && finding.layer != "secret-memory") return 1;
  return 0;
}

}  // namespace confide::cli
