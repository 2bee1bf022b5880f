// The client's side of a one-shot broker: starts it, passes names and descriptors, relays signals, and reports how the
// run went. This is all that the CLI knows of secrets: it opens files and passes them on, and reads none.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "broker/one_shot.h"
#include "broker/protocol.h"
#include "supervisor/protocol.h"

namespace confide::broker {

struct SecretRun {
  std::vector<std::string> secrets;    // NAME=REF[,deliver=…]
  std::vector<std::string> env_files;  // paths, in order
  std::vector<std::string> environments = {};
  std::vector<policy::NamedEnvironment> known = {};  // environments of the policy in force
  struct TemplateFile {
    std::string source;
    std::string target;  // inside
  };
  std::vector<TemplateFile> templates = {};
  ShellReferences shell = ShellReferences::kIgnore;
  std::string launch_request;  // launcher::encode(LaunchRequest)
  supervisor::Masking masking = supervisor::Masking::kOn;
  supervisor::Tracing tracing = supervisor::Tracing::kOff;
  // Where set, SIGRTMIN+1 lets the run's time begin anew, and this is called then.
  std::function<void()> on_renewal = {};
  // Told once the broker has launched: the names of the run's secrets, and when it did what.
  std::function<void(const Launched&)> on_launched = {};
  Folders folders = {};
  std::string cwd = {};  // Request's
  std::string project = {};
};

// Opens this process's own environ while it may: a process that is not dumpable cannot (proc(5)). Call it first.
Result<UniqueFd> open_own_environ();

// What the run would deliver: names, ways in, warnings. Nothing is resolved.
Result<Described> describe(const SecretRun& run, int environ_fd);

// The providers' table, and whether one of them (by name or scheme) works; a reference of it is resolved and its value
// dropped.
Result<ProviderList> list_providers(int environ_fd);
Result<ProviderTest> test_provider(const std::string& provider, const std::string& reference, int environ_fd);

using OnMessage = std::function<void(const supervisor::RunMessage&)>;
using OnWarning = std::function<void(const std::string&)>;
// Runs to the end. Errors: what the broker refused (kRefused, every failing name), what the supervisor reported,
// kLaunch if one of them died.
Result<supervisor::EndedMessage> run(const SecretRun& run, int environ_fd, const OnMessage& on_message,
                                     const OnWarning& on_warning);
// The same for standard input copied to standard output, masked; `launch_request` is not used.
Result<supervisor::EndedMessage> mask(const SecretRun& run, int environ_fd, const OnMessage& on_message,
                                      const OnWarning& on_warning);

}  // namespace confide::broker
