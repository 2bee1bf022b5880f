// Everything build() needs to know of the caller and of the files it names, looked up once by launcher/host/survey.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/reference.h"

namespace confide::launcher {

enum class FileKind : uint8_t { kMissing, kFile, kFolder, kOther };

// One path as it was looked at: by descriptor, links resolved.
struct PathFact {
  std::string requested;  // absolute, as policy or person wrote it
  std::string canonical;  // where it really is; empty if missing
  FileKind kind = FileKind::kMissing;
  uint64_t device = 0;
  uint64_t inode = 0;
  uint32_t owner = 0;
  uint32_t group = 0;
  bool operator==(const PathFact&) const = default;
};

// A top folder of the system: bound if it is a folder, copied if it is a link (/bin -> usr/bin).
struct SystemEntry {
  std::string path;
  std::string link_target;  // empty: a folder
  bool operator==(const SystemEntry&) const = default;
};

struct Ids {
  uint32_t uid = 0;
  uint32_t gid = 0;
  bool operator==(const Ids&) const = default;
};

// Whether the caller may write other uids into maps and make idmapped mounts.
enum class Privilege : uint8_t {
  kOrdinary,
  kRoot,       // uid 0 with the capabilities for it
  kRootAlone,  // the same, but its user namespace maps no other uid that the sandbox could run as (a nested sandbox)
};

struct Caller {
  Ids ids;
  Privilege privilege = Privilege::kOrdinary;
  std::optional<Ids> sudo_ids;  // who called sudo
  PathFact home;
  std::string cache;  // absolute: where programs of the caller's keep what they can make again; empty: nowhere
  PathFact cwd;
  std::optional<PathFact> project;
  uint32_t terminals = 0;  // bit n: descriptor n is a terminal
  // Sockets of the caller's that a power shows; not looked for where a request's environment carries no power.
  std::string ssh_agent;  // SSH_AUTH_SOCK
  std::string docker;     // of DOCKER_HOST, else the usual place
  bool operator==(const Caller&) const = default;
};

// kCutShort: a bound was met before everything had been seen.
enum class Reach : uint8_t { kWhole, kCutShort };

// How the files to mask were looked for.
struct MaskSearch {
  enum class By : uint8_t { kListing, kIndex, kWalk } by = By::kListing;  // kListing: of the project's root alone
  Reach reach = Reach::kWhole;
  enum class Index : uint8_t { kKept, kCannotBeKept } index = Index::kKept;
  int64_t index_age_ms = 0;  // kIndex
  int64_t walk_ms = 0;       // kWalk
  std::string watched;       // the project, where a masked name that appears during the run matters; else empty
  bool operator==(const MaskSearch&) const = default;
};

struct Scene {
  Caller caller;
  std::vector<SystemEntry> system;
  std::vector<PathFact> paths;            // of policy.paths, same order
  std::vector<PathFact> above_protected;  // folders of the project above what the policy protects, each once
  std::vector<PathFact> masks;            // files of the project to mask
  MaskSearch mask_search;
  std::vector<PathFact> file_views = {};  // where secrets with a path of their own appear, in the secrets' order
  std::optional<PathFact> resolver;       // where /etc/resolv.conf leads, if outside /etc and /usr
  std::optional<PathFact> ssh_agent;      // where powers ask for them
  std::optional<PathFact> docker;
  // Canonical paths whose file system has refused an idmapped mount: known once a launch has tried.
  std::vector<std::string> not_idmapped = {};
  bool operator==(const Scene&) const = default;
};

// The command, after policy has decided about its environment.
struct Command {
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // NAME=VALUE; no secrets
  bool operator==(const Command&) const = default;
};

using policy::Deliver;
// A secret as the plan knows it: a name and a way in.
struct SecretSlot {
  std::string name;
  Deliver deliver = Deliver::kEnv;
  std::string origin;
  std::string path = {};  // kFile: where it appears besides /run/secrets/NAME, absolute; empty: nowhere
  bool operator==(const SecretSlot&) const = default;
};

}  // namespace confide::launcher
