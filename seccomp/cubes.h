// Argument rules as disjoint cubes: libseccomp knows only conjunctions of (argument & mask) == value, no "otherwise",
// so the rest of the space has to be spelled out.
#pragma once

#include <cstdint>
#include <vector>

#include "seccomp/filter_spec.h"

namespace confide::seccomp {

// (argument & mask) == value.
struct CubeTest {
  uint8_t argument = 0;
  uint32_t mask = 0;
  uint32_t value = 0;
  bool operator==(const CubeTest&) const = default;
};

// One part of the argument space with one answer; arguments that are not named do not matter.
struct Cube {
  std::vector<CubeTest> tests;
  Action action;
  bool operator==(const Cube&) const = default;
};

// Disjoint cubes that cover every argument vector, each answered as decide() does.
std::vector<Cube> cubes_of(const ArgumentRule& rule);

}  // namespace confide::seccomp
