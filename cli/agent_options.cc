#include "cli/agent_options.h"

#include <CLI/CLI.hpp>

#include <algorithm>

#include "base/text.h"
#include "cli/list_option.h"

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

}  // namespace

Result<AgentOptions> parse_agent_options(Arguments arguments) {
  AgentOptions options;
  CLI::App app("Run a whole coding agent in a sandbox of its own.", "confide agent");
  app.footer(kFooter);
  app.get_formatter()->column_width(34);
  std::string client;
  std::string profile;
  std::string policy_file;
  std::vector<policy::Flag> passed;
  app.add_option("--for", client, "codex, claude or generic: whose state is shown (default: by the command's name)")
      ->type_name("AGENT");
  app.add_option("--profile", profile, "another profile, one that extends agent")->type_name("NAME");
  app.add_option("--policy", policy_file, "a policy file to use as the project's confide.toml")->type_name("FILE");
  add_list_option(app, "--pass", passed, "NAME",
                  "pass a variable that would be taken out, such as the agent's API key");
  app.add_flag_function(
      "--no-inner-sandbox",
      [&](int64_t) {
        options.flags.inner_sandbox = policy::Flag{"refused", "--no-inner-sandbox"};
      },
      "no user namespace can be made inside: masks hold, the agent's own sandbox does not start");
  add_list_option(app, "--power", options.flags.powers, "NAME", "something dangerous that you need, by its name");
  add_list_option(app, "--read", options.flags.reads, "PATH", "show a path, read-only");
  add_list_option(app, "--write", options.flags.writes, "PATH", "show a path, writable");
  add_list_option(app, "--hide", options.flags.hides, "PATH", "show a folder as empty, a file as an empty one");
  app.add_flag("--dry-run", options.dry_run, "print the plan and run nothing");
  app.add_flag("--quiet", options.quiet, "say nothing at the start but warnings");
  app.add_flag_function(
      "--json", [&](int64_t) { options.form = Form::kJson; }, "errors and the plan as JSON");
  app.add_option("--status-fd", options.status_fd, "write what happens to this descriptor, a JSON object a line")
      ->type_name("N");
  const auto mark =
      std::find_if(arguments.begin(), arguments.end(), [](const char* word) { return std::string_view(word) == "--"; });
  try {
    std::vector<std::string> words(arguments.begin(), mark);
    std::reverse(words.begin(), words.end());  // CLI11's order
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    options.help = app.help();
    return options;
  } catch (const CLI::ParseError& error) {
    return Error{ErrorKind::kUsage, 0, cat(printable(error.what()), " (confide agent --help lists the options)")};
  }
  for (policy::Flag& flag : passed) {
    // A value would stand in the command line, which everybody can read.
    if (flag.text.find('=') != std::string::npos)
      return Error{ErrorKind::kUsage, 0, "--pass takes the name of a variable that is set, and no value"};
    options.flags.env.push_back(std::move(flag));
  }
  if (!client.empty()) options.client = std::move(client);
  if (!profile.empty()) options.flags.profile = policy::Flag{std::move(profile), "--profile"};
  if (!policy_file.empty()) options.policy_file = std::move(policy_file);
  if (mark != arguments.end()) options.command.assign(mark + 1, arguments.end());
  if (options.command.empty()) return Error{ErrorKind::kUsage, 0, "no agent given, as in: confide agent -- codex"};
  return options;
}

}  // namespace confide::cli
