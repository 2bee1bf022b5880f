// What `confide agent` knows of the agents that it wraps: which profile holds the state of each, where that state lies,
// and which of it decides what runs later outside. Text and tables; nothing here touches a file.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/environment.h"
#include "policy/policy.h"

namespace confide::agents {

struct Client {
  std::string_view name;     // as --for says it
  std::string_view profile;  // policy/presets
  std::string_view program;  // the command's last component that means it; empty: none
  // Its state in the home, and the variable that moves it.
  std::string_view state_folder;
  std::string_view state_variable;
  std::string_view state_file;  // beside the folder, read and written as well; not where the variable is set
  // Below the state folder: what makes the agent run something, in the sandbox or, started without one, outside.
  std::span<const std::string_view> configuration;
};

std::span<const Client> clients();
const Client* find_client(std::string_view name);
// By the command's name; generic where nothing is known of it.
const Client& client_of(std::string_view command);

// Variables that name a socket or a display which does not exist inside. Programs fail better where they are not set.
bool names_what_is_outside(std::string_view variable, const policy::Powers& powers);

// What a person is told before the agent starts.
struct Opening {
  const Client* client = nullptr;
  std::string profile;
  int level = 2;                   // docs/threat-model.md
  std::string project;             // empty: none
  std::vector<std::string> state;  // shown writable in the home
  std::vector<std::string> made;   // of those, what did not exist
  std::vector<policy::Removed> removed;
  std::vector<std::string> passed;  // credentials that pass
  struct Masked {
    std::string file;
    enum class Holds : uint8_t { kNothing, kValues, kUnknown } holds = Holds::kNothing;
    std::vector<std::string> names;  // kValues: the variables, or empty
  };
  std::vector<Masked> masked;
  bool host_network = true;
  std::vector<unsigned> loopback_ports;
  bool inner_sandbox = true;
  std::vector<std::string> powers;  // "ssh-agent"
  std::vector<std::string> lost;    // "landlock: why"
  std::vector<std::string> notes;
};
// Lines without "confide: " in front.
std::vector<std::string> lines_of(const Opening& opening);

// A warning for a power that was named.
std::string_view warning_about_power(std::string_view name);

}  // namespace confide::agents
