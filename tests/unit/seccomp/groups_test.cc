#include "seccomp/groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "seccomp/compile.h"

namespace confide::seccomp {
namespace {

// In the kernel's headers, implemented by no kernel since 2.6 or not on x86-64: left to the default.
constexpr std::string_view kNeverImplemented[] = {
    "getpmsg",         "putpmsg",         "afs_syscall",   "tuxcall",        "security",
    "set_thread_area", "get_thread_area", "epoll_ctl_old", "epoll_wait_old", "vserver",
};

// Linux 6.5 to 6.17; syscall_64.tbl.
constexpr Syscall kNewerThanLibseccomp[] = {
    {"cachestat", 451},         {"fchmodat2", 452},         {"map_shadow_stack", 453}, {"futex_wake", 454},
    {"futex_wait", 455},        {"futex_requeue", 456},     {"statmount", 457},        {"listmount", 458},
    {"lsm_get_self_attr", 459}, {"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
    {"setxattrat", 463},        {"getxattrat", 464},        {"listxattrat", 465},      {"removexattrat", 466},
    {"open_tree_attr", 467},    {"file_getattr", 468},      {"file_setattr", 469},
};

TEST(Groups, NameEveryNumberOnce) {
  std::set<uint32_t> numbers;
  std::set<std::string_view> names;
  std::set<Group> groups;
  for (const Group group : all_groups()) {
    EXPECT_TRUE(groups.insert(group).second) << name_of(group);
    EXPECT_FALSE(members(group).empty()) << name_of(group);
    for (const Syscall& call : members(group)) {
      EXPECT_TRUE(numbers.insert(call.number).second) << call.name;
      EXPECT_TRUE(names.insert(call.name).second) << call.name;
      EXPECT_EQ(number_of(call.name), call.number);
      EXPECT_EQ(name_of_number(call.number), call.name);
    }
  }
  // The enumerators are dense, so the last one says how many there are.
  EXPECT_EQ(groups.size(), static_cast<size_t>(Group::kObsolete) + 1);
  EXPECT_EQ(number_of("no_such_call"), std::nullopt);
  EXPECT_EQ(name_of_number(1000), "");
}

TEST(Groups, AgreeWithLibseccompsNumbers) {
  for (const Group group : all_groups())
    for (const Syscall& call : members(group)) {
      const int known = libseccomp_number_of(std::string(call.name).c_str());
      if (known >= 0) {
        EXPECT_EQ(known, static_cast<int>(call.number)) << call.name;
        continue;
      }
      const auto newer = std::ranges::find(kNewerThanLibseccomp, call.name, &Syscall::name);
      ASSERT_NE(newer, std::end(kNewerThanLibseccomp)) << call.name << " is known to nobody";
      EXPECT_EQ(newer->number, call.number) << call.name;
    }
}

TEST(Groups, LeaveNoNumberOutThatLibseccompKnows) {
  unsigned known = 0;
  for (int number = 0; number < 1024; ++number) {
    const std::string name = libseccomp_name_of(number);
    if (name.empty()) continue;
    ++known;
    if (std::ranges::find(kNeverImplemented, name) != std::end(kNeverImplemented)) {
      EXPECT_EQ(name_of_number(static_cast<uint32_t>(number)), "") << name;
    } else {
      EXPECT_EQ(name_of_number(static_cast<uint32_t>(number)), name);
    }
  }
  EXPECT_GE(known, 350U);
}

}  // namespace
}  // namespace confide::seccomp
