#include "cli/agent_options.h"

#include "base/text.h"
#include "cli/options.h"

namespace confide::cli {
namespace {

constexpr const char* kFooter =
    "\nKept: the network, the project, the agent's own state in the home, its terminal, its own inner sandbox. Lost: "
    "the "
    "rest\n"
    "of the home, masked files, other processes, sockets of X11, D-Bus, tmux, docker, ssh-agent, the session keyring, "
    "and\n"
    "variables that look like credentials. What is kept and lost is said at the start.\n"
    "\npowers: ssh-agent, docker, host-root, host-proc, host-sys, writable-system. None is a default.\n"
    "\nexamples:\n"
    "  confide agent -- codex\n"
    "  confide agent -- claude\n"
    "  confide agent --for generic --write ~/.config/otheragent --pass OTHER_API_KEY -- otheragent\n"
    "  confide agent --no-inner-sandbox -- codex --sandbox danger-full-access\n"
    "\nexit status: as of confide run.\n";

constexpr HelpText kText = {"confide agent", "Run a whole coding agent in a sandbox of its own.", kFooter};

}  // namespace

Result<AgentOptions> parse_agent_options(Arguments arguments) {
  AgentOptions options;
  policy::Overrides& flags = options.flags;
  std::vector<policy::Flag> passed;
  const Effect no_inner_sandbox = [&] { flags.inner_sandbox = policy::Flag{"refused", "--no-inner-sandbox"}; };
  const Effect json = [&] { options.form = Form::kJson; };
  const Option table[] = {
      {"--for", "AGENT", "codex, claude or generic: whose state is shown (default: by the command's name)",
       &options.client},
      {"--profile", "NAME", "another profile, one that extends agent", &flags.profile},
      {"--policy", "FILE", "a policy file to use as the project's confide.toml", &options.policy_file},
      {"--pass", "NAME", "pass a variable that would be taken out, such as the agent's API key", &passed},
      {"--no-inner-sandbox", "",
       "no user namespace can be made inside: masks hold, the agent's own sandbox does not start", no_inner_sandbox},
      {"--power", "NAME", "something dangerous that you need, by its name", &flags.powers},
      {"--read", "PATH", "show a path, read-only", &flags.reads},
      {"--write", "PATH", "show a path, writable", &flags.writes},
      {"--hide", "PATH", "show a folder as empty, a file as an empty one", &flags.hides},
      {"--dry-run", "", "print the plan and run nothing", &options.dry_run},
      {"--quiet", "", "say nothing at the start but warnings", &options.quiet},
      {"--json", "", "errors and the plan as JSON", json},
      {"--status-fd", "N", "write what happens to this descriptor, a JSON object a line", &options.status_fd},
  };
  OptionsParsed parsed = TRY(parse_options(kText.verb, arguments, table));
  if (parsed.help) {
    options.help = help_of(kText, table);
    return options;
  }
  for (policy::Flag& flag : passed) {
    // A value would stand in the command line, which everybody can read.
    if (flag.text.find('=') != std::string::npos)
      return Error{ErrorKind::kUsage, 0, "--pass takes the name of a variable that is set, and no value"};
    options.flags.env.push_back(std::move(flag));
  }
  options.command = std::move(parsed.rest);
  if (options.command.empty()) return Error{ErrorKind::kUsage, 0, "no agent given, as in: confide agent -- codex"};
  return options;
}

}  // namespace confide::cli
