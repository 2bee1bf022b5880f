#include "agents/wrap.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"

namespace confide::agents {
namespace {

TEST(Clients, AreKnownByTheCommandsNameAlone) {
  EXPECT_EQ(client_of("codex").profile, "agent-codex");
  EXPECT_EQ(client_of("/opt/x/claude").profile, "agent-claude");
  EXPECT_EQ(client_of("codexx").name, "generic");
  EXPECT_EQ(client_of("").name, "generic");
  EXPECT_EQ(find_client("codex"), &client_of("codex"));
  EXPECT_EQ(find_client("Codex"), nullptr);
}

TEST(Variables, OfSocketsThatAreNotThereAreNotSet) {
  policy::Powers powers;
  for (const char* name : {"DISPLAY", "WAYLAND_DISPLAY", "SSH_AUTH_SOCK", "DOCKER_HOST", "XDG_RUNTIME_DIR"})
    EXPECT_TRUE(names_what_is_outside(name, powers)) << name;
  EXPECT_FALSE(names_what_is_outside("TERM", powers));
  powers.ssh_agent = policy::HostSshAgent{{"--power"}};
  EXPECT_FALSE(names_what_is_outside("SSH_AUTH_SOCK", powers));
  EXPECT_TRUE(names_what_is_outside("DOCKER_HOST", powers));
}

Opening opening() { return {.client = find_client("codex"), .profile = "agent-codex", .project = "/home/me/shop"}; }

std::string text_of(const Opening& opening) { return join(lines_of(opening), "\n"); }

TEST(Opening, NamesWhatIsTakenOutAndNeverMore) {
  Opening o = opening();
  o.removed = {{"AWS_SECRET_ACCESS_KEY", "of a family of credentials"}, {"A\x1b[2J", "x"}};
  const std::string text = text_of(o);
  EXPECT_NE(text.find("AWS_SECRET_ACCESS_KEY, A\\x1b[2J (--pass NAME puts one back)"), std::string::npos) << text;
}

TEST(Opening, SaysOfAMaskThatHoldsValuesHowToCureIt) {
  Opening o = opening();
  o.masked = {{"/home/me/shop/.env", Opening::Masked::Holds::kValues, {"API_KEY"}}};
  EXPECT_NE(text_of(o).find("/home/me/shop/.env holds values (API_KEY)"), std::string::npos);
  EXPECT_NE(text_of(o).find("confide env import --rewrite /home/me/shop/.env"), std::string::npos);
  EXPECT_NE(text_of(o).find("--no-inner-sandbox"), std::string::npos);
  o.inner_sandbox = false;
  EXPECT_EQ(text_of(o).find("can undo"), std::string::npos);
  o.masked = {{"/home/me/shop/.env", Opening::Masked::Holds::kNothing, {}}};
  EXPECT_EQ(text_of(o).find("import"), std::string::npos);
}

TEST(Opening, NamesPowersLostLayersAndReachablePorts) {
  Opening o = opening();
  o.powers = {"docker"};
  o.lost = {"landlock: no"};
  o.loopback_ports = {22, 5432};
  const std::string text = text_of(o);
  EXPECT_NE(text.find("POWER             docker: "), std::string::npos);
  EXPECT_NE(text.find("LOST              landlock: no"), std::string::npos);
  EXPECT_NE(text.find("ports 22, 5432"), std::string::npos);
}

}  // namespace
}  // namespace confide::agents
