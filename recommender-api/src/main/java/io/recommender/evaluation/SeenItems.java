package io.recommender.evaluation;

/** Whether items of the history may be recommended. Published tables differ in this. */
public enum SeenItems {
  /** They may, as in RecBole's sequential evaluation and in the code of TIGER. */
  KEEP,
  /** They may not: the request carries a filter, as in S3-Rec, HSTU and gSASRec. */
  FILTER
}
