#include "agents/wrap.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace confide::agents {
namespace {

constexpr std::string_view kCodexConfiguration[] = {"config.toml", "hooks.json", "rules", "environments.toml",
                                                    "AGENTS.md"};
constexpr std::string_view kClaudeConfiguration[] = {
    "settings.json", "settings.local.json", "CLAUDE.md", "commands", "agents", "skills", "hooks"};

constexpr Client kClients[] = {
    {"codex", "agent-codex", "codex", ".codex", "CODEX_HOME", "", kCodexConfiguration},
    {"claude", "agent-claude", "claude", ".claude", "CLAUDE_CONFIG_DIR", ".claude.json", kClaudeConfiguration},
    {"generic", "agent", "", "", "", "", {}},
};

std::string removed_text(const std::vector<policy::Removed>& removed) {
  std::vector<std::string> names;
  for (const policy::Removed& variable : removed) names.push_back(printable(variable.name));
  return join(names, ", ");
}

std::string masked_line(const Opening::Masked& masked, bool inner_sandbox) {
  const std::string file = printable(masked.file);
  std::string held;
  switch (masked.holds) {
    case Opening::Masked::Holds::kNothing: return cat("masked            ", file);
    case Opening::Masked::Holds::kValues:
      held = cat("holds values", masked.names.empty() ? "" : cat(" (", join(masked.names, ", "), ")"));
      break;
    case Opening::Masked::Holds::kUnknown: held = "may hold values"; break;
  }
  return cat("masked            ", file, " ", held, ", and a mask is a net",
             inner_sandbox ? " that a process inside can undo" : "",
             ": move them out with `confide env import --rewrite ", shell_quote(file), "`",
             inner_sandbox ? ", or start with --no-inner-sandbox" : "");
}

}  // namespace

std::span<const Client> clients() { return kClients; }

const Client* find_client(std::string_view name) {
  const auto at = std::ranges::find(kClients, name, &Client::name);
  return at == std::end(kClients) ? nullptr : at;
}

const Client& client_of(std::string_view command) {
  const std::string_view name = command.substr(command.rfind('/') + 1);  // npos + 1 is 0
  for (const Client& client : kClients)
    if (!client.program.empty() && client.program == name) return client;
  return *find_client("generic");
}

bool names_what_is_outside(std::string_view variable, const policy::Powers& powers) {
  constexpr std::array<std::string_view, 6> kAlways = {"DISPLAY",        "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR",
                                                       "GPG_AGENT_INFO", "SSH_AGENT_PID",   "AT_SPI_BUS_ADDRESS"};
  if (variable == "SSH_AUTH_SOCK") return !powers.ssh_agent;
  if (variable == "DOCKER_HOST") return !powers.docker;
  return std::ranges::find(kAlways, variable) != kAlways.end();
}

std::string_view warning_about_power(std::string_view name) {
  if (name == "ssh-agent") return "the agent signs in as you wherever one of your keys opens a door";
  if (name == "docker") return "whoever reaches that socket can mount the whole disk and is, with most setups, root";
  if (name == "host-root") return "kernel uid 0 owns the host's sysctls and /etc/shadow even without a capability";
  if (name == "host-proc") return "other processes' names and command lines can be read";
  if (name == "host-sys") return "the host's devices and kernel can be looked at";
  if (name == "writable-system") return "what the agent writes there runs outside";
  return "not a default, for a reason";
}

std::vector<std::string> lines_of(const Opening& o) {
  std::vector<std::string> lines;
  lines.push_back(cat(o.client->name == "generic" ? "an agent" : o.client->name, " in its own sandbox: profile ",
                      printable(o.profile), ", assurance level ", o.level));
  std::vector<std::string> writes;
  for (const std::string& path : o.state) writes.push_back(printable(path));
  lines.push_back(
      o.project.empty()
          ? "project           none: the working directory is read-only (a project holds .git or confide.toml)"
          : cat("project           ", printable(o.project), ", writable"));
  lines.push_back(cat("of the home       ", writes.empty() ? "nothing is shown for writing" : join(writes, ", "),
                      "; the rest is not there"));
  if (!o.made.empty()) lines.push_back(cat("made              ", join(o.made, ", ")));
  if (!o.removed.empty())
    lines.push_back(cat("taken out         ", removed_text(o.removed), " (--pass NAME puts one back)"));
  if (!o.passed.empty()) lines.push_back(cat("passed            ", join(o.passed, ", "), ": the agent holds them"));
  if (o.host_network) {
    std::vector<std::string> ports;
    for (const unsigned port : o.loopback_ports) ports.push_back(cat(port));
    lines.push_back(cat("network           the host's, and with it every service on loopback",
                        ports.empty() ? "" : cat(": ports ", join(ports, ", "))));
  }
  lines.emplace_back(
      o.inner_sandbox
          ? "inner sandbox     allowed, as Codex and Claude Code need: user namespaces can be made, and a process that "
            "means to can undo masks and what is read-only by one; --no-inner-sandbox refuses them"
          : "inner sandbox     refused: no user namespace can be made inside");
  for (const Opening::Masked& masked : o.masked) lines.push_back(masked_line(masked, o.inner_sandbox));
  for (const std::string& power : o.powers)
    lines.push_back(cat("POWER             ", power, ": ", warning_about_power(power)));
  for (const std::string& layer : o.lost) lines.push_back(cat("LOST              ", layer));
  for (const std::string& note : o.notes) lines.push_back(cat("note              ", note));
  return lines;
}

}  // namespace confide::agents
