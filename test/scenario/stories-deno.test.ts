import { tellStories } from "../support/tell-stories.ts";

tellStories("deno");
