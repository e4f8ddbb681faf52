// What the schema is held to: the recommended rules for schemas and for Relay, and some more. What is off says why.
import graphql from '@graphql-eslint/eslint-plugin';

// What is kept with what it is a part of. A new type stands here, or has an `id`.
const parts = `
  ArticleReview Badge BadgeAward Certification Community CommunityFigures CommunityMonth Course Event Feedback
  GroupActivity GroupLeader GroupOverview GroupStanding HeldLozenge InteractionCount Kudos KudosAllowance
  KudosAvailable KudosAvailableRule KudosBadge KudosBadgeDefinition KudosChallenge KudosChallengeProgress
  KudosEnrolment KudosEntry KudosEvent KudosLevel KudosLevelReached KudosLimit KudosLimitLeft KudosNextLevel
  KudosProgramme KudosRule KudosStep KudosStepProgress LeaderEligibility LeaderObstacle LeaderResource Leaderboard
  LeaderboardChange LeaderboardEntry Lozenge LozengeCondition LozengeHolder LozengeLapse LozengeRequestTerms
  LozengeRequirement Milestone MilestoneLadder NotificationPreference Origin PageInfo PeerKudos Perk PostChange
  PostReport ProfileChange ProfileLeading ProfileMeetings ProfilePage ProjectionFailure RevokedLozenge Rsvp
  RuleFile RuleSet RulesActivation RulesMistake RulesPreviewBucket RulesPreviewChange RulesPreviewDifference
  RulesPreviewGroup RulesPreviewLevelMove RulesPreviewOutcome RulesPreviewProfile RulesPreviewProgress
  RulesPreviewTotals Sponsor TimeSpan Totals UserError
`;

const schema = new URL('../../schema.graphql', import.meta.url).pathname;

export default [
  {
    files: ['**/*.graphql'],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema } },
    },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,

      // Lists that are short and whole, like a post's tags, take no pages. What is no thing of its own, like an entry
      // of a statement, can't be fetched by an id. And an edge of the leaderboard is a place on it, which is shown
      // elsewhere, too.
      '@graphql-eslint/relay-edge-types': [
        'error',
        { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false, withEdgeSuffix: false },
      ],
      // What is a part of something, or says something about it, is kept by caches with that.
      '@graphql-eslint/strict-id-in-types': [
        'error',
        {
          acceptedIdNames: ['id'],
          acceptedIdTypes: ['ID'],
          exceptions: {
            types: parts.trim().split(/\s+/),
            suffixes: ['Connection', 'Edge', 'Payload'],
          },
        },
      ],

      // Besides these:
      '@graphql-eslint/input-name': ['error', { checkInputType: true, caseSensitiveInputType: false }],
      '@graphql-eslint/no-scalar-result-type-on-mutation': 'error',
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          rootField: true,
          DirectiveDefinition: true,
          EnumValueDefinition: true,
          FieldDefinition: true,
          // A test says so of all our own; those of the specification's directives have none.
          InputValueDefinition: false,
        },
      ],
      '@graphql-eslint/require-nullable-fields-with-oneof': 'error',
    },
  },
];
