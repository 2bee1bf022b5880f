#include "policy/keys.h"

namespace confide::policy {
namespace {

using S = Section;
using K = Key;

// Words stand in the order of their enum in policy/policy.h, the narrowest first; an administrator's file may use the
// narrow ones only, so its lists are the beginnings of these.
constexpr std::string_view kSystemWords[] = {"absent", "read-only", "whole-root"};
constexpr std::string_view kProjectWords[] = {"absent", "read-only", "writable"};
constexpr std::string_view kHomeWords[] = {"private", "visible"};
constexpr std::string_view kNetworkWords[] = {"none", "host"};
constexpr std::string_view kHidePidWords[] = {"off", "invisible"};
constexpr std::string_view kSubsetWords[] = {"all", "pid"};
constexpr std::string_view kSysWords[] = {"absent", "host"};
constexpr std::string_view kInnerWords[] = {"refused", "allowed"};
constexpr std::string_view kLandlockWords[] = {"files-and-scopes", "scopes"};
constexpr std::string_view kSyscallWords[] = {"tool", "agent"};
constexpr std::string_view kStartWords[] = {"caller-without-credentials", "minimal"};
constexpr std::string_view kNeedWords[] = {"required", "best-effort"};
constexpr std::string_view kOnChangeWords[] = {"mask-again", "end-run"};
constexpr std::string_view kOnLeakWords[] = {"kill", "withhold", "mask"};
constexpr std::string_view kPartialWords[] = {"on", "off"};
constexpr std::string_view kApprovalWords[] = {"auto", "window", "each", "step-up", "never-local"};
constexpr std::string_view kDeliverWords[] = {"env", "file", "fd", "stdin"};
constexpr std::string_view kFlagWords[] = {"false", "true"};

constexpr std::span<const std::string_view> narrow(std::span<const std::string_view> words, size_t count = 1) {
  return words.first(count);
}

constexpr uint64_t kMaxBytes = uint64_t{1} << 62;
constexpr uint64_t kMaxPids = 4'194'304;       // PID_MAX_LIMIT of linux/threads.h
constexpr uint64_t kMaxFiles = 1'073'741'816;  // the kernel's ceiling of fs.nr_open
constexpr uint64_t kYearMs = 365ULL * 86'400'000ULL;

constexpr KeyInfo kKeys[] = {
    {K::kVersion, S::kDocument, "version", Shape::kVersion, "The format's version; always 1."},
    {K::kDefaultProfile, S::kDocument, "default-profile", Shape::kName,
     "The profile of a run that names none; in the user's config.toml only."},
    {K::kProfiles, S::kDocument, "profile", Shape::kTables, "Profiles: what a sandbox may see and do."},
    {K::kEnvironments, S::kDocument, "environment", Shape::kTables,
     "Environments: named sets of variables, each bound to a reference."},
    {K::kGrants, S::kDocument, "grant", Shape::kTables, "Grants: which command may receive which environment."},
    {K::kAdministrator, S::kDocument, "administrator", Shape::kTables,
     "What no run on this machine may go beyond; in /etc/confide/policy.d only."},

    {K::kExtends, S::kProfile, "extends", Shape::kName, "The profile that this one starts from."},
    {K::kSystem, S::kProfile, "system", Shape::kWord,
     "The system folders: absent, read-only, or the whole root read-only.", kSystemWords},
    {K::kProject, S::kProfile, "project", Shape::kWord, "The project's folder.", kProjectWords},
    {K::kHome, S::kProfile, "home", Shape::kWord,
     "The home: a private, empty one with only the named paths in it, or the caller's own.", kHomeWords},
    {K::kRead, S::kProfile, "read", Shape::kPaths, "Paths that can be read and executed."},
    {K::kWrite, S::kProfile, "write", Shape::kPaths, "Paths that can also be written."},
    {K::kHide, S::kProfile, "hide", Shape::kPaths, "Paths that appear empty."},
    {K::kProtect, S::kProfile, "protect", Shape::kPaths,
     "Paths in what is writable that can be neither changed nor replaced nor made."},
    {K::kToolchains, S::kProfile, "toolchains", Shape::kToolchains,
     "Toolchains of the home, read-only: those that PATH leads to, none, or a list of names."},
    {K::kNetwork, S::kProfile, "network", Shape::kWord, "The network: none but a loopback, or the host's.",
     kNetworkWords},
    {K::kHidePid, S::kProfile, "proc.hidepid", Shape::kWord, "Whether /proc shows processes of other uids.",
     kHidePidWords},
    {K::kProcSubset, S::kProfile, "proc.subset", Shape::kWord, "Whether /proc holds more than processes.",
     kSubsetWords},
    {K::kSys, S::kProfile, "sys", Shape::kWord, "The same as powers.host-sys: /sys, read-only, or none.", kSysWords},
    {K::kInnerSandbox, S::kProfile, "inner-sandbox", Shape::kWord,
     "Whether the command may make user namespaces and mounts for a sandbox of its own.", kInnerWords},
    {K::kLandlock, S::kProfile, "landlock", Shape::kWord,
     "Which Landlock rights are handled; file rights forbid every later mount.", kLandlockWords},
    {K::kSyscalls, S::kProfile, "syscalls", Shape::kWord, "The system call filter.", kSyscallWords},
    {K::kEnvironmentStart, S::kProfile, "environment.start", Shape::kWord,
     "The variables to start from: the caller's without what looks like a credential, or a handful.", kStartWords},
    {K::kEnvironmentPass, S::kProfile, "environment.pass", Shape::kVariableNames,
     "Variables of the caller's that pass although they look like credentials."},
    {K::kEnvironmentSet, S::kProfile, "environment.set", Shape::kPairs, "Variables with their values."},
    {K::kMemory, S::kProfile, "limits.memory", Shape::kSize, "Memory of all processes together.", {}, 1, kMaxBytes},
    {K::kPids, S::kProfile, "limits.pids", Shape::kCount, "Processes and threads together.", {}, 1, kMaxPids},
    {K::kCpu, S::kProfile, "limits.cpu", Shape::kNumber, "Processors; 1.5 is one and a half.", {}, 0, 4096},
    {K::kTimeout, S::kProfile, "limits.timeout", Shape::kDuration, "How long the command may run.", {}, 1, kYearMs},
    {K::kGrace, S::kProfile, "limits.grace", Shape::kDuration, "Time between SIGTERM and SIGKILL.", {}, 0, 3'600'000},
    {K::kOpenFiles,
     S::kProfile,
     "limits.open-files",
     Shape::kCount,
     "Open descriptors of one process.",
     {},
     16,
     kMaxFiles},
    {K::kLayerNamespaces, S::kProfile, "layers.namespaces", Shape::kWord, "Namespaces and a root of our own.",
     kNeedWords},
    {K::kLayerOwnProc, S::kProfile, "layers.own-proc", Shape::kWord, "A procfs of the sandbox's own.", kNeedWords},
    {K::kLayerNetwork, S::kProfile, "layers.network", Shape::kWord, "No network, where network is none.", kNeedWords},
    {K::kLayerLandlock, S::kProfile, "layers.landlock", Shape::kWord, "Landlock.", kNeedWords},
    {K::kLayerSeccomp, S::kProfile, "layers.seccomp", Shape::kWord, "The system call filter.", kNeedWords},
    {K::kLayerKeyring, S::kProfile, "layers.keyring", Shape::kWord, "A new session keyring.", kNeedWords},
    {K::kLayerCgroup, S::kProfile, "layers.cgroup", Shape::kWord, "Limits by a cgroup.", kNeedWords},
    {K::kLayerIdmap, S::kProfile, "layers.idmap", Shape::kWord, "A root caller's project by an idmapped mount.",
     kNeedWords},
    {K::kMaskUntracked, S::kProfile, "mask.untracked-env-files", Shape::kFlag,
     "Mask .env files at the project's root that git does not track.", kFlagWords},
    {K::kMaskGlobs, S::kProfile, "mask.globs", Shape::kGlobs, "Further files of the project to mask."},
    {K::kMaskExceptions, S::kProfile, "mask.exceptions", Shape::kGlobs, "Files that stay visible all the same."},
    {K::kMaskOnChange, S::kProfile, "mask.on-change", Shape::kWord,
     "What follows when a masked file is replaced during the run.", kOnChangeWords},
    {K::kOutputOnLeak, S::kProfile, "output.on-leak", Shape::kWord,
     "What follows when the output holds an encoded secret: the run ends, the rest is withheld, or it is masked.",
     kOnLeakWords},
    {K::kOutputPartial, S::kProfile, "output.partial", Shape::kWord,
     "Whether beginnings and ends of secrets are masked, too.", kPartialWords},
    {K::kOutputMaskAnyway, S::kProfile, "output.mask-anyway", Shape::kVariableNames,
     "Secrets that are masked although their values are short or common."},
    {K::kPowerHostRoot, S::kProfile, "powers.host-root", Shape::kFlag, "A root caller keeps kernel uid 0.", kFlagWords},
    {K::kPowerHostProc, S::kProfile, "powers.host-proc", Shape::kFlag, "The host's /proc, read-only.", kFlagWords},
    {K::kPowerHostSys, S::kProfile, "powers.host-sys", Shape::kFlag, "The host's /sys, read-only.", kFlagWords},
    {K::kPowerWritableSystem, S::kProfile, "powers.writable-system", Shape::kFlag,
     "The system folders are writable as far as the uid may write them.", kFlagWords},
    {K::kPowerSshAgent, S::kProfile, "powers.ssh-agent", Shape::kFlag,
     "The caller's ssh-agent, which signs with any of its keys.", kFlagWords},
    {K::kPowerDocker, S::kProfile, "powers.docker", Shape::kFlag,
     "The docker or podman socket, which is root's or the caller's whole account.", kFlagWords},

    {K::kSystem, S::kAdministrator, "system", Shape::kWord, "No run may see more of the system.",
     narrow(kSystemWords, 2)},
    {K::kProject, S::kAdministrator, "project", Shape::kWord, "No run may do more with the project.",
     narrow(kProjectWords, 2)},
    {K::kHome, S::kAdministrator, "home", Shape::kWord, "No run may see the caller's home.", narrow(kHomeWords)},
    {K::kHide, S::kAdministrator, "hide", Shape::kPaths, "Paths that no run may see."},
    {K::kReadOnly, S::kAdministrator, "read-only", Shape::kPaths, "Paths that no run may write."},
    {K::kNetwork, S::kAdministrator, "network", Shape::kWord, "No run may use the host's network.",
     narrow(kNetworkWords)},
    {K::kSys, S::kAdministrator, "sys", Shape::kWord, "The same as powers.host-sys = false.", narrow(kSysWords)},
    {K::kInnerSandbox, S::kAdministrator, "inner-sandbox", Shape::kWord, "No run may make a sandbox of its own.",
     narrow(kInnerWords)},
    {K::kLandlock, S::kAdministrator, "landlock", Shape::kWord, "Every run handles Landlock's file rights.",
     narrow(kLandlockWords)},
    {K::kSyscalls, S::kAdministrator, "syscalls", Shape::kWord, "No run may have a wider filter.",
     narrow(kSyscallWords)},
    {K::kMemory, S::kAdministrator, "limits.memory", Shape::kSize, "The most memory of a run.", {}, 1, kMaxBytes},
    {K::kPids, S::kAdministrator, "limits.pids", Shape::kCount, "The most processes of a run.", {}, 1, kMaxPids},
    {K::kCpu, S::kAdministrator, "limits.cpu", Shape::kNumber, "The most processors of a run.", {}, 0, 4096},
    {K::kTimeout, S::kAdministrator, "limits.timeout", Shape::kDuration, "The longest run.", {}, 1, kYearMs},
    {K::kOpenFiles,
     S::kAdministrator,
     "limits.open-files",
     Shape::kCount,
     "The most open descriptors.",
     {},
     16,
     kMaxFiles},
    {K::kLayerNamespaces, S::kAdministrator, "layers.namespaces", Shape::kWord, "No run without it.",
     narrow(kNeedWords)},
    {K::kLayerOwnProc, S::kAdministrator, "layers.own-proc", Shape::kWord, "No run without it.", narrow(kNeedWords)},
    {K::kLayerNetwork, S::kAdministrator, "layers.network", Shape::kWord, "No run without it.", narrow(kNeedWords)},
    {K::kLayerLandlock, S::kAdministrator, "layers.landlock", Shape::kWord, "No run without it.", narrow(kNeedWords)},
    {K::kLayerSeccomp, S::kAdministrator, "layers.seccomp", Shape::kWord, "No run without it.", narrow(kNeedWords)},
    {K::kLayerKeyring, S::kAdministrator, "layers.keyring", Shape::kWord, "No run without it.", narrow(kNeedWords)},
    {K::kLayerCgroup, S::kAdministrator, "layers.cgroup", Shape::kWord, "No run without it.", narrow(kNeedWords)},
    {K::kLayerIdmap, S::kAdministrator, "layers.idmap", Shape::kWord, "No run without it.", narrow(kNeedWords)},
    {K::kMaskGlobs, S::kAdministrator, "mask.globs", Shape::kGlobs, "Further files of every project to mask."},
    {K::kOutputOnLeak, S::kAdministrator, "output.on-leak", Shape::kWord, "In every run at least this follows.",
     narrow(kOnLeakWords, 2)},
    {K::kOutputPartial, S::kAdministrator, "output.partial", Shape::kWord, "Every run masks parts.",
     narrow(kPartialWords)},
    {K::kOutputMaskAnyway, S::kAdministrator, "output.mask-anyway", Shape::kVariableNames,
     "Further secrets that every run masks."},
    {K::kPowerHostRoot, S::kAdministrator, "powers.host-root", Shape::kFlag, "Nobody gets this power.",
     narrow(kFlagWords)},
    {K::kPowerHostProc, S::kAdministrator, "powers.host-proc", Shape::kFlag, "Nobody gets this power.",
     narrow(kFlagWords)},
    {K::kPowerHostSys, S::kAdministrator, "powers.host-sys", Shape::kFlag, "Nobody gets this power.",
     narrow(kFlagWords)},
    {K::kPowerWritableSystem, S::kAdministrator, "powers.writable-system", Shape::kFlag, "Nobody gets this power.",
     narrow(kFlagWords)},
    {K::kPowerSshAgent, S::kAdministrator, "powers.ssh-agent", Shape::kFlag, "Nobody gets this power.",
     narrow(kFlagWords)},
    {K::kPowerDocker, S::kAdministrator, "powers.docker", Shape::kFlag, "Nobody gets this power.", narrow(kFlagWords)},

    {K::kGrantName, S::kGrant, "name", Shape::kName, "The grant's name."},
    {K::kGrantEnvironment, S::kGrant, "environment", Shape::kName, "The environment that is handed over."},
    {K::kGrantCommand, S::kGrant, "command", Shape::kWords,
     "The command, exactly; `*` stands for one word, `**` at the end for the rest."},
    {K::kGrantInputs, S::kGrant, "inputs", Shape::kGlobs, "Files of the project whose digest is pinned."},
    {K::kGrantOutputs, S::kGrant, "outputs", Shape::kGlobs, "The only paths of the project that the run may write."},
    {K::kApprovalClass, S::kGrant, "approval.class", Shape::kWord, "Who must say yes, and how often.", kApprovalWords},
    {K::kApprovalFor, S::kGrant, "approval.for", Shape::kDuration, "How long one approval lasts.", {}, 1, kYearMs},
    {K::kApprovalUses,
     S::kGrant,
     "approval.uses",
     Shape::kCount,
     "How many runs one approval covers.",
     {},
     1,
     1'000'000},
    {K::kGrantLease, S::kGrant, "lease", Shape::kDuration, "How long a process may hold the values.", {}, 1, kYearMs},
    {K::kGrantProfile, S::kGrant, "profile", Shape::kName, "The profile of the run."},
    {K::kGrantNetwork, S::kGrant, "network", Shape::kWord, "The network of the run.", kNetworkWords},

    {K::kVariableRef, S::kVariable, "ref", Shape::kReference, "Where the value lives."},
    {K::kVariableValue, S::kVariable, "value", Shape::kPlain, "A plain value: no secret."},
    {K::kVariableDeliver, S::kVariable, "deliver", Shape::kWord, "How the process gets it.", kDeliverWords},
    {K::kVariablePath, S::kVariable, "path", Shape::kTarget, "Where the file appears, with deliver = \"file\"."},
};

}  // namespace

std::span<const KeyInfo> all_keys() { return kKeys; }

const KeyInfo* find_key(Section section, Key key) {
  for (const KeyInfo& info : kKeys)
    if (info.key == key && info.section == section) return &info;
  return nullptr;
}

const KeyInfo* find_key(Section section, std::string_view path) {
  for (const KeyInfo& info : kKeys)
    if (info.section == section && info.path == path) return &info;
  return nullptr;
}

std::string_view leaf(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

}  // namespace confide::policy
