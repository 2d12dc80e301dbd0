package io.recommender.ann.internal;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tries kernels that only some indexes use, at the first use of this class. */
final class PanamaTrial {
  private static final Logger LOG = LoggerFactory.getLogger(PanamaTrial.class);

  /** Whether tiles of codes are compiled to SIMD instructions. */
  static final boolean TILES_ARE_FAST = tilesAreFast();

  private PanamaTrial() {}

  private static boolean tilesAreFast() {
    boolean areFast =
        KernelTrial.isFaster(
            KernelTrial.Part.TILES, new PanamaVectorKernels(), new ScalarVectorKernels());
    if (!areFast) {
      LOG.warn("Codes of rows are not compared by SIMD instructions here; exact scans read floats");
    }
    return areFast;
  }
}
