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
    try {
      if (KernelTrial.isFaster(
          KernelTrial.Part.TILES, new PanamaVectorKernels(), new ScalarVectorKernels())) {
        return true;
      }
      LOG.warn("Codes of rows are not compared by SIMD instructions here; exact scans read floats");
    } catch (LinkageError e) {
      // Vectors may be too short for what tiles are made of.
      LOG.warn("Codes of rows cannot be compared by SIMD instructions; exact scans read floats", e);
    }
    return false;
  }
}
