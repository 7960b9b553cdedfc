#include "tersor/util/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

namespace tersor {
namespace {

TEST(Interrupt, AnySignalThatEndsIsARequestFirst) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::signal(signal, SIG_DFL);
    CatchInterrupts();
    EXPECT_FALSE(InterruptRequested());
    std::raise(signal);
    EXPECT_TRUE(InterruptRequested()) << signal;
    EXPECT_EQ(std::signal(signal, SIG_DFL), SIG_DFL) << "a second one ends the process";
    ForgetInterrupt();
  }
}

TEST(Interrupt, WhatNohupIgnoresStaysIgnored) {
  std::signal(SIGHUP, SIG_IGN);
  CatchInterrupts();
  std::raise(SIGHUP);
  EXPECT_FALSE(InterruptRequested());
  EXPECT_EQ(std::signal(SIGHUP, SIG_DFL), SIG_IGN);
}

}  // namespace
}  // namespace tersor
