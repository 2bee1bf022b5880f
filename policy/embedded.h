// What the build embeds: written by embed_main.cc from presets/*.toml into a source file of the build folder, so that a
// run without policy files reads no TOML.
#pragma once

#include <span>
#include <string_view>

namespace confide::policy::embedded {

struct Preset {
  std::string_view name;
  std::string_view bytes;  // encode(Document)
};

// A group of the table of toolchains; every path lies in the home and is written without it: ".cargo/bin".
struct Toolchain {
  std::string_view name;
  std::span<const std::string_view> path;  // the group counts if PATH leads into one of these; empty: always
  std::span<const std::string_view> read;
  std::span<const std::string_view> hide;
};

std::span<const Preset> presets();
std::span<const Toolchain> toolchains();

}  // namespace confide::policy::embedded
