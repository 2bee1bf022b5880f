#include "agents/hook.h"

#include <gtest/gtest.h>

namespace confide::agents {
namespace {

Event shell_event(std::string command, std::string cwd = "/home/me/shop") {
  return {.tool = "Bash",
          .cwd = std::move(cwd),
          .mode = "default",
          .transcript = {},
          .fields = {{"command", std::move(command)}}};
}

Event file_event(std::string tool, std::string member, std::string path) {
  return {.tool = std::move(tool),
          .cwd = "/home/me/shop",
          .mode = {},
          .transcript = {},
          .fields = {{std::move(member), std::move(path)}}};
}

Surroundings in_project() {
  return {.program = "/usr/bin/confide",
          .folder = "/home/me/shop",
          .is_project = true,
          .cwd = "/home/me/shop",
          .shown = {{"/home/me/shop", Writable::kYes}},
          .hidden = {},
          .own = {"/home/me/.claude", "/home/me/.config/confide"},
          .kept = {},
          .files = {}};
}

std::string reason(const Decision& decision) {
  const auto* deny = std::get_if<Deny>(&decision);
  return deny != nullptr ? deny->reason : "not denied";
}

Decision decided(const Event& event, const Surroundings& around) {
  const auto call = interpret(event);
  return call ? decide(event, *call, around) : Decision(Deny{call.error().what});
}

// A file tool's call about a file that is really at `real`.
Decision about(const std::string& tool, const std::string& real, Surroundings around = in_project()) {
  around.files.push_back({.real = real});
  return decided(file_event(tool, tool == "NotebookEdit" ? "notebook_path" : "file_path", real), around);
}

TEST(Shell, CommandsAreWrappedWhateverTheyAre) {
  for (const char* tool : {"Bash", "Monitor", "shell", "exec_command"}) {
    Event event = shell_event("cat .env; printenv");
    event.tool = tool;
    EXPECT_EQ(decided(event, in_project()),
              Decision(Rewrite{"/usr/bin/confide shell -- 'cat .env; printenv'", Permission::kGranted}));
  }
}

TEST(Shell, AnEmptyCommandIsWrappedToo) {
  EXPECT_EQ(decided(shell_event(""), in_project()), Decision(Rewrite{"/usr/bin/confide shell -- ''"}));
}

TEST(Shell, WhatWasWrappedIsNotWrappedTwice) {
  const std::string once = wrap_command("/usr/bin/confide", "make 'a b'");
  EXPECT_EQ(decided(shell_event(once), in_project()), Decision(Rewrite{once}));
}

TEST(Shell, WhatOnlyBeginsLikeAWrappedCommandIsWrapped) {
  const std::string tricky = wrap_command("/usr/bin/confide", "make") + "; cat /home/me/.ssh/id";
  EXPECT_EQ(decided(shell_event(tricky), in_project()), Decision(Rewrite{wrap_command("/usr/bin/confide", tricky)}));
}

TEST(Shell, TheClientDecidesInPlanMode) {
  Event event = shell_event("ls");
  event.mode = "plan";
  EXPECT_EQ(decided(event, in_project()),
            Decision(Rewrite{"/usr/bin/confide shell -- 'ls'", Permission::kLeftToClient}));
}

TEST(Shell, AFolderOutsideTheSessionIsDenied) {
  Surroundings around = in_project();
  for (const char* cwd : {"/", "/home/me", "/home/me/shop2", "/home/me/other"}) {
    around.cwd = cwd;
    EXPECT_NE(reason(decided(shell_event("ls", cwd), around)).find("outside"), std::string::npos) << cwd;
  }
  around.cwd = "/home/me/shop/below";
  EXPECT_TRUE(std::holds_alternative<Rewrite>(decided(shell_event("ls"), around)));
  around.cwd = "";
  EXPECT_NE(reason(decided(shell_event("ls"), around)).find("not there"), std::string::npos);
}

TEST(Shell, WhereThereIsNoProjectOnlyTheSessionsFolderCounts) {
  Surroundings around = in_project();
  around.folder = "/home/me";
  around.is_project = false;
  EXPECT_NE(reason(decided(shell_event("ls"), around)).find("outside"), std::string::npos);
  around.cwd = "/home/me";
  EXPECT_TRUE(std::holds_alternative<Rewrite>(decided(shell_event("ls", "/home/me"), around)));
}

TEST(Shell, WhatCannotBeOneArgumentIsDenied) {
  EXPECT_NE(reason(decided(shell_event(std::string("ls\0x", 4)), in_project())).find("NUL"), std::string::npos);
  EXPECT_NE(reason(decided(shell_event(std::string(kMaxCommandBytes, 'x')), in_project())).find("too long"),
            std::string::npos);
  EXPECT_TRUE(
      std::holds_alternative<Rewrite>(decided(shell_event(std::string(size_t{100} << 10, '\'')), in_project())));
}

TEST(Shell, ACommandThatIsNoTextIsDenied) {
  Event event = shell_event("");
  event.fields = {{"command", {}}};
  EXPECT_NE(reason(decided(event, in_project())).find("`command`"), std::string::npos);
  event.fields.clear();
  EXPECT_NE(reason(decided(event, in_project())).find("`command`"), std::string::npos);
}

TEST(Shell, APatchTypedAsACommandIsPointedToItsTool) {
  EXPECT_NE(reason(decided(shell_event("apply_patch <<'E'\n"), in_project())).find("apply_patch tool"),
            std::string::npos);
}

TEST(Files, TheProjectIsLeftToTheClient) {
  for (const char* tool : {"Read", "Write", "Edit", "MultiEdit", "NotebookEdit"})
    EXPECT_EQ(about(tool, "/home/me/shop/src/main.c"), Decision(NoOpinion{})) << tool;
}

TEST(Files, TheRestOfTheHostIsNot) {
  for (const char* real : {"/home/me/.ssh/id", "/proc/1/environ", "/etc/passwd", "/home/me/shop2/a", "/home/me", "/"}) {
    for (const char* tool : {"Read", "Write", "Edit", "NotebookEdit"})
      EXPECT_NE(reason(about(tool, real)).find("outside the project"), std::string::npos) << tool << " " << real;
  }
}

TEST(Files, SettingsOfAgentsAndConfideAreNobodysBusinessEvenInAProject) {
  Surroundings around = in_project();
  around.folder = "/home/me/.config";
  around.shown = {{"/home/me/.config", Writable::kYes}};
  EXPECT_NE(reason(about("Read", "/home/me/.config/confide/config.toml", around)).find("belongs to confide"),
            std::string::npos);
}

TEST(Files, WhatRunsLaterIsReadOnly) {
  for (const char* name :
       {".git/hooks/pre-commit", ".git/config", ".GIT/config", "sub/.git", ".husky/pre-push", ".mcp.json",
        ".claude/settings.json", ".codex/config.toml", ".vscode/tasks.json", ".envrc", "confide.toml", "etc/.bashrc"}) {
    const std::string real = std::string("/home/me/shop/") + name;
    EXPECT_NE(reason(about("Write", real)).find("read-only for an agent"), std::string::npos) << name;
    EXPECT_EQ(about("Read", real), Decision(NoOpinion{})) << name;
  }
}

TEST(Files, AWorkingTreeOfTheClientsIsNoSetting) {
  EXPECT_EQ(about("Write", "/home/me/shop/.claude/worktrees/fix/src/a.c"), Decision(NoOpinion{}));
  EXPECT_NE(reason(about("Write", "/home/me/shop/.claude/worktrees/fix/.claude/settings.json")).find("read-only"),
            std::string::npos);
  EXPECT_NE(reason(about("Write", "/home/me/shop/.claude/worktrees/fix")).find("read-only"), std::string::npos);
}

TEST(Files, TheLongestShownPathDecides) {
  Surroundings around = in_project();
  around.shown.push_back({"/home/me/shop/vendor", Writable::kNo});
  around.shown.push_back({"/home/me/.cargo", Writable::kNo});
  EXPECT_NE(reason(about("Write", "/home/me/shop/vendor/a.c", around)).find("read-only in this sandbox profile"),
            std::string::npos);
  EXPECT_EQ(about("Read", "/home/me/.cargo/registry/x.rs", around), Decision(NoOpinion{}));
  around.hidden.push_back("/home/me/shop/private");
  EXPECT_NE(reason(about("Read", "/home/me/shop/private/a", around)).find("outside"), std::string::npos);
}

TEST(Files, OutsideAProjectTheWorkingDirectoryIsReadOnly) {
  Surroundings around = in_project();
  around.is_project = false;
  around.shown = {{"/home/me/shop", Writable::kNo}};
  EXPECT_EQ(about("Read", "/home/me/shop/a", around), Decision(NoOpinion{}));
  EXPECT_NE(reason(about("Write", "/home/me/shop/a", around)).find("is no project"), std::string::npos);
}

TEST(Files, MaskedFilesAreNotReadOrWrittenOrSearched) {
  Surroundings around = in_project();
  around.files = {{.real = "/home/me/shop/.env", .masked = true}};
  for (const char* tool : {"Read", "Write"})
    EXPECT_NE(reason(decided(file_event(tool, "file_path", ".env"), around)).find("masked"), std::string::npos);
  around.files = {{.real = "/home/me/shop", .masked_below = "/home/me/shop/.env"}};
  EXPECT_NE(reason(decided(file_event("Grep", "pattern", "x"), around)).find(".env"), std::string::npos);
}

TEST(Files, WhatTheClientKeepsForTheModelCanBeReadOnly) {
  Surroundings around = in_project();
  around.own.push_back("/home/me/.claude");
  around.kept = {"/home/me/.claude/projects/-home-me-shop/1/tool-results"};
  const std::string real = around.kept[0] + "/a.txt";
  EXPECT_EQ(about("Read", real, around), Decision(NoOpinion{}));
  EXPECT_NE(reason(about("Write", real, around)), "not denied");
}

TEST(Files, WhatCannotBeLocatedIsDenied) {
  Surroundings around = in_project();
  around.files = {{.real = {}, .why_not = "it is a link that leads nowhere"}};
  EXPECT_NE(reason(decided(file_event("Read", "file_path", "x"), around)).find("leads nowhere"), std::string::npos);
  around.files.clear();
  EXPECT_NE(reason(decided(file_event("Read", "file_path", "x"), around)), "not denied");
}

TEST(Files, AFileToolWithoutItsFileIsDenied) {
  EXPECT_NE(reason(decided(file_event("Read", "path", "x"), in_project())).find("`file_path`"), std::string::npos);
  EXPECT_NE(reason(decided(file_event("view_image", "file", "x"), in_project())).find("`path`"), std::string::npos);
  EXPECT_NE(reason(decided(file_event("Glob", "path", "."), in_project())).find("`pattern`"), std::string::npos);
}

TEST(Files, PatternsThatLeadElsewhereAreFilesToo) {
  const auto call = interpret(file_event("Glob", "pattern", "/etc/ssl/*.pem"));
  ASSERT_TRUE(call);
  EXPECT_EQ(std::get<FileCall>(*call).files,
            (std::vector<NamedFile>{{".", FileUse::kRead}, {"/etc/ssl", FileUse::kRead}}));
  EXPECT_FALSE(interpret(file_event("Glob", "pattern", "../*")));
}

TEST(Files, APatchIsEveryFileThatItNames) {
  Event event =
      file_event("apply_patch", "command",
                 "*** Begin Patch\n*** Add File: a\n+x\n*** Update File: b\n*** Move to: /etc/c\n@@\n*** End Patch\n");
  Surroundings around = in_project();
  around.files = {{.real = "/home/me/shop/a"}, {.real = "/home/me/shop/b"}, {.real = "/etc/c"}};
  EXPECT_NE(reason(decided(event, around)).find("/etc/c is outside"), std::string::npos);
  event.fields = {{"command", "no patch"}};
  EXPECT_NE(reason(decided(event, around)).find("names no file"), std::string::npos);
}

TEST(Others, HaveNoOpinion) {
  EXPECT_EQ(decided(file_event("WebFetch", "url", "https://example.org"), in_project()), Decision(NoOpinion{}));
  EXPECT_EQ(decided(file_event("mcp__files__read", "path", "/etc/passwd"), in_project()), Decision(NoOpinion{}));
  EXPECT_EQ(decided(file_event("Workflow", "script", "x"), in_project()), Decision(NoOpinion{}));
}

TEST(Others, UnlessTheyNameAFile) {
  Surroundings around = in_project();
  around.files = {{.real = "/etc/passwd"}};
  EXPECT_NE(reason(decided(file_event("NewTool", "file_path", "/etc/passwd"), around)).find("outside"),
            std::string::npos);
}

}  // namespace
}  // namespace confide::agents
